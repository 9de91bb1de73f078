/** `stillframe run -f`: pods of a manifest, handed to the node, or made over another runtime's socket. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { harmless, isCode, readAll } from '@stillframe/core';
import { openFileSource, writeTextAtomically } from '@stillframe/core/file';
import { type Manifest, parseManifest, startSupervisor, type WrittenPod } from '@stillframe/kubelet';
import { MANIFEST_ANNOTATION } from '@stillframe/kubelet/names';
import type { Io } from './io.ts';
import { type CriPlace, connectCri } from './node/connect.ts';
import { openNodeApi } from './node/node-api.ts';
import { manifestName, ownManifests, runPodsFolder } from './node/pods.ts';
import { demandFreeName } from './pod.ts';
import { type PodRow, podRow } from './pod-status.ts';
import { cliError } from './usage.ts';

/** Bytes of a manifest. */
const LARGEST = 1 << 20;
/** Milliseconds between two looks. */
const LOOK = 300;
/** What a container does not get out of without somebody doing something. */
const STUCK =
  /^(?:Init:)?(?:ErrImagePull|ImagePullBackOff|ErrImageNeverPull|CreateContainer(?:Config)?Error|RunContainerError|CrashLoopBackOff)$/;

/** Over another runtime's socket nobody goes on trying. */
const MADE_ONCE = 'nobody tries again; `stillframe rm` takes away what there is of the pod, then run it anew';

export interface ManifestRun extends CriPlace {
  root: string;
  file: readonly string[];
  detach?: boolean;
}

/** Returns the pods as they are at the end. Throws ERR_KUBELET_MANIFEST, ERR_POD_EXISTS, ERR_NODE_NOT_RUNNING, ERR_POD_NOT_RUNNING. */
export async function runManifests(options: ManifestRun, io: Io): Promise<PodRow[]> {
  if (options.cri !== undefined && options.detach) {
    throw cliError('ERR_USAGE_ARGUMENT', '--detach leaves the pods to the node; with --cri this command makes them');
  }
  const manifest = await readManifests(options.file);
  if (manifest.pods.length === 0) throw cliError('ERR_USAGE_ARGUMENT', 'there is no pod in the manifest');
  await using client = await connectCri(options, io.signal);
  for (const { pod } of manifest.pods) {
    await demandFreeName(client, pod.metadata.namespace, pod.metadata.name, io.signal);
  }
  if (options.cri !== undefined) return await runOver(options, manifest, client, io);
  // Before anything is laid down for it: over another runtime's socket a node may have ended and its runtime not.
  await using api = await openNodeApi(options);
  const folder = ownManifests(options);
  for (const one of manifest.pods) await keep(folder, one, manifest);
  const look = async () => {
    const documents = await api.podDocuments({ signal: io.signal });
    return rowsOf(documents, manifest);
  };
  return options.detach ? rowsOf([], manifest) : await untilRunning(look, manifest, io);
}

/** Of two at once one has the name. Throws ERR_POD_EXISTS. */
async function keep(folder: string, one: WrittenPod, manifest: Manifest): Promise<void> {
  const { metadata } = one.pod;
  const path = join(folder, manifestName(metadata));
  try {
    await writeTextAtomically(path, manifestText(one, manifest), { replace: false });
  } catch (cause) {
    if (!isCode(cause, 'ERR_FILE_EXISTS')) throw cause;
    throw cliError('ERR_POD_EXISTS', `there is a pod ${metadata.namespace}/${metadata.name} already`, { cause });
  }
}

async function readManifests(files: readonly string[]): Promise<Manifest> {
  const all: Manifest[] = [];
  for (const file of files) {
    await using source = await openFileSource(file);
    const bytes = await readAll(source, { limit: LARGEST });
    all.push(parseManifest(new TextDecoder().decode(bytes), file));
  }
  return {
    pods: all.flatMap(({ pods }) => pods),
    configMaps: new Map(all.flatMap(({ configMaps }) => [...configMaps])),
    secrets: new Map(all.flatMap(({ secrets }) => [...secrets])),
  };
}

/** A manifest of its own for one pod, with all texts that came along. JSON documents are YAML ones. */
function manifestText({ written }: WrittenPod, { configMaps, secrets }: Manifest): string {
  const encoded = (texts: Manifest['configMaps'] extends ReadonlyMap<string, infer T> ? T : never) =>
    Object.fromEntries([...texts].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]));
  const metadataOf = (key: string) => {
    const [namespace, name] = key.split('/');
    return { namespace, name };
  };
  const documents = [
    written,
    ...[...configMaps].map(([key, texts]) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(key) },
      binaryData: encoded(texts),
    })),
    ...[...secrets].map(([key, texts]) => ({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: metadataOf(key) },
      data: encoded(texts),
    })),
  ];
  return documents.map((each) => `---\n${yamlSafe(JSON.stringify(each))}\n`).join('');
}

/** YAML ends a line at these, JSON does not. */
function yamlSafe(json: string): string {
  return json.replace(
    /[\u0085\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Made once by this very process, which keeps them no longer than until they run. */
async function runOver(
  { root }: ManifestRun,
  manifest: Manifest,
  criClient: Parameters<typeof startSupervisor>[0]['criClient'],
  io: Io,
): Promise<PodRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-run-'));
  try {
    for (const one of manifest.pods) {
      await writeTextAtomically(join(folder, manifestName(one.pod.metadata)), manifestText(one, manifest));
    }
    const podsFolder = join(runPodsFolder({ root }), randomUUID());
    await mkdir(podsFolder, { recursive: true, mode: 0o700 });
    await using supervisor = await startSupervisor({ criClient, manifests: [folder], podsFolder });
    return await untilRunning(async () => rowsOf(supervisor.pods(), manifest), manifest, io, MADE_ONCE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rowsOf(documents: readonly unknown[], { pods }: Manifest): PodRow[] {
  const rows = documents.map((document) => podRow(document, MANIFEST_ANNOTATION));
  return pods.map(({ pod: { metadata, spec } }) => {
    const { namespace: kubeNamespace, name: pod } = metadata;
    const found = rows.find((row) => row.kubeNamespace === kubeNamespace && row.pod === pod);
    const none = { uid: '', ready: 0, containers: lastingOf(spec), restarts: 0, startedAt: undefined };
    return found ?? { kubeNamespace, pod, ...none, status: 'Pending', message: '', manifest: undefined };
  });
}

/** How many of a pod's containers are to go on running, sidecars among them. */
function lastingOf({ containers, initContainers }: WrittenPod['pod']['spec']): number {
  return containers.length + initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').length;
}

/** Until every pod runs or has ended well; the first that is stuck ends the waiting, and stays. */
async function untilRunning(
  look: () => Promise<PodRow[]>,
  { pods }: Manifest,
  io: Io,
  hint?: string,
): Promise<PodRow[]> {
  for (;;) {
    const rows = await look();
    const stuck = rows.find(({ status }) => STUCK.test(status) || /^(?:Init:)?(?:Error|Failed)$/.test(status));
    if (stuck) {
      const words = stuck.message === '' ? '' : `: ${harmless(stuck.message)}`;
      const message = `${stuck.kubeNamespace}/${stuck.pod} is ${harmless(stuck.status)}${words}`;
      throw cliError('ERR_POD_NOT_RUNNING', message, hint === undefined ? {} : { hint });
    }
    if (rows.length === pods.length && rows.every(({ status }) => status === 'Running' || status === 'Completed'))
      return rows;
    await delay(LOOK, undefined, { signal: io.signal });
  }
}
