/** A manifest file: YAML or JSON, several documents, read as Kubernetes reads it (YAML 1.1) and with every length bounded. */
import { harmless, messageOf } from '@stillframe/core';
import { kubeletError } from '../errors.ts';
import { configMap, secret } from './config-schema.ts';
import { type Pod, pod } from './pod-schema.ts';
import type { Reader } from './reader.ts';
import { yamlDocuments } from './yaml.ts';

/** Bytes of one file. */
export const MANIFEST_BYTES = 1 << 20;

/** Texts of a ConfigMap or Secret by key. */
export type Texts = ReadonlyMap<string, Uint8Array>;

export interface WrittenPod {
  readonly pod: Pod;
  readonly written: Readonly<Record<string, unknown>>;
}

export interface Manifest {
  /** `written`: the document as it stands there. */
  readonly pods: readonly WrittenPod[];
  /** By `namespace/name`. */
  readonly configMaps: ReadonlyMap<string, Texts>;
  readonly secrets: ReadonlyMap<string, Texts>;
}

/** Throws ERR_KUBELET_MANIFEST that names `file` and every fault with its path in the document. */
export function parseManifest(source: string, file: string): Manifest {
  const faults: string[] = [];
  const found = { pods: [] as WrittenPod[], configMaps: new Map<string, Texts>(), secrets: new Map<string, Texts>() };
  const documents = plainDocuments(source, file);
  for (const [index, document] of documents.entries()) {
    const before = faults.length;
    takeDocument(document, found, faults);
    if (documents.length === 1) continue;
    for (let at = before; at < faults.length; at++) faults[at] = `document ${index + 1}: ${faults[at]}`;
  }
  const names = found.pods.map(({ pod: { metadata } }) => `${metadata.namespace}/${metadata.name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) faults.push(`the pod ${twice} stands there twice`);
  if (faults.length > 0) throw unsound(file, faults.join('; '));
  return found;
}

function plainDocuments(source: string, file: string): unknown[] {
  if (Buffer.byteLength(source) > MANIFEST_BYTES) throw unsound(file, `it has more than ${MANIFEST_BYTES} bytes`);
  try {
    return yamlDocuments(source)
      .flatMap(itemsOf)
      .filter((each) => each !== null && each !== undefined);
  } catch (cause) {
    throw unsound(file, messageOf(cause), cause);
  }
}

/** A `List` of kubectl is the documents in it. */
function itemsOf(document: unknown): unknown[] {
  if (typeof document !== 'object' || document === null || !('items' in document)) return [document];
  const { kind, apiVersion, items } = document as { kind?: unknown; apiVersion?: unknown; items: unknown };
  return kind === 'List' && apiVersion === 'v1' && Array.isArray(items) ? items : [document];
}

function takeDocument(
  document: unknown,
  into: { pods: WrittenPod[]; configMaps: Map<string, Texts>; secrets: Map<string, Texts> },
  faults: string[],
): void {
  const before = faults.length;
  const read = <T>(reader: Reader<T>): T | undefined => {
    const value = reader(document, '', faults);
    return faults.length === before ? value : undefined;
  };
  const kind = typeof document === 'object' && document !== null && 'kind' in document ? document.kind : undefined;
  if (kind === 'Pod') {
    const one = read(pod);
    if (one) into.pods.push({ pod: one, written: document as Record<string, unknown> });
  } else if (kind === 'ConfigMap') {
    const one = read(configMap);
    if (one) into.configMaps.set(keyOf(one.metadata), texts(one.binaryData, one.data));
  } else if (kind === 'Secret') {
    const one = read(secret);
    if (one) into.secrets.set(keyOf(one.metadata), texts(one.data, one.stringData));
  } else {
    const said = typeof kind === 'string' ? `${harmless(kind.slice(0, 60))} is none` : 'must be one';
    faults.push(`kind: ${said} of Pod, ConfigMap, Secret`);
  }
}

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

function texts(encoded: Record<string, string> = {}, plain: Record<string, string> = {}): Texts {
  const bytes = (all: Record<string, string>, from: 'base64' | 'utf8') =>
    Object.entries(all).map(([key, value]): [string, Uint8Array] => [key, Buffer.from(value, from)]);
  return new Map([...bytes(encoded, 'base64'), ...bytes(plain, 'utf8')]);
}

function unsound(file: string, why: string, cause?: unknown) {
  return kubeletError('ERR_KUBELET_MANIFEST', `${harmless(file)}: ${harmless(why)}`, { cause, details: { file } });
}
