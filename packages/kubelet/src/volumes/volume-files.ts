/** Which files a volume of files holds, and what is in them. */
import { kubeletError } from '../errors.ts';
import type { DownwardItem, Projection, Volume } from '../manifest/volume-schema.ts';
import { fieldOf, type PodFacts, type Sources, textsOf } from '../supervise/environment.ts';
import type { VolumeFile } from './file-volume.ts';

type Files = Map<string, VolumeFile>;
interface Keyed {
  name: string;
  optional: boolean;
  items?: readonly { key: string; path: string; mode?: number | undefined }[] | undefined;
}

/** Undefined for a volume of another kind. Throws ERR_KUBELET_CONTAINER for a source that is not there. */
export function volumeFiles(volume: Volume, facts: PodFacts, sources: Sources): Files | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  const files: Files = new Map();
  if (configMap) addKeyed(files, 'configMaps', configMap, configMap.defaultMode, facts, sources);
  else if (secret)
    addKeyed(files, 'secrets', { ...secret, name: secret.secretName }, secret.defaultMode, facts, sources);
  else if (downwardAPI) addFields(files, downwardAPI.items ?? [], downwardAPI.defaultMode, facts);
  else if (projected)
    for (const source of projected.sources) addProjection(files, source, projected.defaultMode, facts, sources);
  else return undefined;
  return files;
}

function addProjection(files: Files, source: Projection, mode: number, facts: PodFacts, sources: Sources): void {
  if (source.configMap) addKeyed(files, 'configMaps', source.configMap, mode, facts, sources);
  if (source.secret) addKeyed(files, 'secrets', source.secret, mode, facts, sources);
  if (source.downwardAPI) addFields(files, source.downwardAPI.items ?? [], mode, facts);
}

function addKeyed(
  files: Files,
  kind: keyof Sources,
  { name, optional, items }: Keyed,
  mode: number,
  { pod }: PodFacts,
  sources: Sources,
): void {
  const texts = textsOf(sources, kind, pod.metadata.namespace, name, optional);
  if (!texts) return;
  for (const { key, path, mode: own } of items ?? [...texts.keys()].map((each) => ({ key: each, path: each, mode }))) {
    const bytes = texts.get(key);
    if (bytes) files.set(path, { bytes, mode: own ?? mode });
    else if (!optional) throw kubeletError('ERR_KUBELET_CONTAINER', `there is no key ${key} in ${name}`);
  }
}

function addFields(files: Files, items: readonly DownwardItem[], mode: number, facts: PodFacts): void {
  for (const { path, fieldRef, mode: own } of items) {
    if (fieldRef) files.set(path, { bytes: Buffer.from(fieldOf(facts, fieldRef.fieldPath)), mode: own ?? mode });
  }
}
