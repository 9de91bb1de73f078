/** A checkpoint in a Kubernetes cluster: asked through its API server, fetched from the node, with what the cluster knew of the pod. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { bytesText, type Digest, harmless, millisecondsText } from '@stillframe/core';
import { evidencePath, type RecordedCapture, type SigningKey } from '@stillframe/evidence';
import {
  type ClusterApi,
  type ClusterContext,
  captureContext,
  checkpointOnNode,
  chooseContainer,
  type FoundPod,
  fetchArchive,
  findPod,
  type PodContainer,
} from '@stillframe/kubernetes';
import { readRecordedCapture } from '../capture-facts.ts';
import { addressText, demandNames } from '../commands/address.ts';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { contextPath } from '../evidence/cluster-context.ts';
import { askerNow, attestForCommand, commandKey } from '../evidence/for-command.ts';
import { evidenceText, pauseText } from '../evidence/foreign-capture.ts';
import type { Io } from '../io.ts';
import { type ClusterPlace, openCluster } from '../node/cluster-place.ts';
import { cliError } from '../usage.ts';
import { clusterCapture, writeContext } from './cluster-evidence.ts';
import { refuseOfKubelet } from './for-kubelet.ts';
import { notAtomic } from './pod.ts';

interface ClusterCheckpointOptions extends ClusterPlace {
  container?: string;
  export?: string;
  fetch: boolean;
  fetchImage: string;
  fetchNamespace: string;
  rootfs?: string;
  maxPause?: string;
  allContainers?: boolean;
  nonAtomic?: boolean;
  signKey?: string;
  output: string;
}

/** One archive, on its node and here. */
interface ClusterCheckpoint {
  node: string;
  container: { kubeNamespace: string; pod: string; container: string; id: string };
  /** Path on the node. */
  nodeArchive: string;
  /** Here; undefined where it was not fetched. */
  archive?: string;
  evidence?: string;
  clusterContext?: string;
  size?: number;
  digest?: Digest;
  requestMilliseconds: number;
  /** RFC 3339. */
  askedAt: string;
  answeredAt: string;
  pauseAtMostMicroseconds?: number | undefined;
}

const NAMES = 20;

/**
 * One container, or with `allContainers` each that runs, one after another. Throws ERR_USAGE_ARGUMENT, ERR_CHECKPOINT_NOT_ATOMIC,
 * ERR_CHECKPOINT_EXISTS, ERR_CLUSTER_*. What was captured before one failed stays.
 */
export async function checkpointInCluster(
  text: string,
  timeout: number,
  options: ClusterCheckpointOptions,
  io: Io,
): Promise<void> {
  refuseForeign(options);
  const key = await commandKey(options.signKey, io);
  const api = await openCluster(options, io);
  const { kubeNamespace, pod, container } = addressOf(text, options, api.access.kubeNamespace);
  const found = await findPod(api, { kubeNamespace, pod }, io);
  const chosen = options.allContainers ? found.containers : [chooseContainer(found, container)];
  if (options.allContainers && !options.nonAtomic) throw notAtomic('a kubelet', chosen.length);
  const folder = options.fetch ? await folderFor(options, chosen.length) : undefined;
  const made: ClusterCheckpoint[] = [];
  for (const each of chosen) {
    const one = await captureInCluster(api, found, each, { ...options, timeout, folder, key }, io);
    made.push(one.told);
    // Each as soon as it is there: its path on the node is told nowhere else.
    if (options.output !== 'json') io.out(textOf(one.told, one.facts));
  }
  if (options.output !== 'json') return;
  const [only] = made;
  if (!options.allContainers && only) io.out(renderJson('ClusterCheckpoint', 1, { ...only }));
  else io.out(renderJson('ClusterPodCheckpoint', 1, { atomic: false, checkpoints: made }));
}

interface OneOptions
  extends Pick<ClusterCheckpointOptions, 'export' | 'allContainers' | 'fetchImage' | 'fetchNamespace'> {
  timeout: number;
  folder: string | undefined;
  key: SigningKey | undefined;
}

/** One container, fetched into `folder` where that is given. Throws ERR_CLUSTER_*, and what writing throws. */
export async function captureInCluster(
  api: ClusterApi,
  found: FoundPod,
  container: PodContainer,
  options: OneOptions,
  io: Io,
) {
  const { kubeNamespace, pod, node } = found;
  const { signal } = io;
  const from = performance.now();
  const [startedAt, asker] = [new Date(), askerNow(io)];
  const asked = { node, kubeNamespace, pod, container: container.name, timeout: options.timeout };
  const nodeArchive = await checkpointOnNode(api, asked, { signal });
  const took = performance.now() - from;
  const told: ClusterCheckpoint = {
    node,
    container: { kubeNamespace, pod, container: container.name, id: container.id },
    nodeArchive,
    requestMilliseconds: Math.round(took),
    askedAt: startedAt.toISOString(),
    answeredAt: new Date(startedAt.getTime() + took).toISOString(),
  };
  if (options.folder === undefined) return { told, facts: undefined };
  const to = targetOf(options, nodeArchive, options.folder);
  let context: ClusterContext;
  try {
    // The cluster's memory is short: events go within the hour, and the pod may end now that it is known about.
    context = await captureContext(api, found, { signal });
    using progress = showProgress(io, 'fetch');
    const place = { kubeNamespace: options.fetchNamespace, image: options.fetchImage };
    const onProgress = progress.update;
    Object.assign(told, await fetchArchive(api, { node, archive: nodeArchive, to, ...place, signal, onProgress }));
  } catch (error) {
    io.err(`the archive is made and stays on ${harmless(node)}: ${harmless(nodeArchive)}\n`);
    throw error;
  }
  const document = await writeContext(to, context);
  const capture = clusterCapture(api, found, container, { startedAt, took, asker, context, document });
  await attestForCommand(to, capture, options.key, io);
  await noteAccess(to, io);
  const facts = await readRecordedCapture(to);
  return {
    told: {
      ...told,
      archive: to,
      evidence: evidencePath(to),
      clusterContext: contextPath(to),
      pauseAtMostMicroseconds: facts?.pauseAtMost,
    },
    facts,
  };
}

function textOf(told: ClusterCheckpoint, facts: RecordedCapture | undefined): string {
  const { archive, node, nodeArchive, container, size, digest } = told;
  const rows: [string, string][] = [
    ['archive', archive ?? `not fetched: ${harmless(nodeArchive)} on ${harmless(node)}`],
    ['container', harmless(addressText(container))],
    ['node', harmless(node)],
    ['request to answer', millisecondsText(told.requestMilliseconds)],
    ['true pause', facts ? pauseText(facts) : 'not told by a kubelet'],
    ['sha256', digest?.replace('sha256:', '') ?? 'not told by a kubelet: hash the archive where it lies'],
  ];
  if (archive === undefined) return renderFacts(rows, NAMES);
  rows.splice(3, 0, ['size', bytesText(size ?? 0)], ['stays on the node', harmless(nodeArchive)]);
  if (facts) rows.push(['evidence', evidenceText(archive, facts)]);
  rows.push(['cluster context', contextPath(archive)]);
  return renderFacts(rows, NAMES);
}

/** NAMESPACE/POD/CONTAINER, NAMESPACE/POD, or POD, with `--namespace` and `--container`. Throws ERR_USAGE_ARGUMENT. */
export function addressOf(
  text: string,
  { namespace, container, allContainers }: Pick<ClusterCheckpointOptions, 'namespace' | 'container' | 'allContainers'>,
  usual: string,
) {
  const parts = text.split('/');
  if (parts.length === 1) parts.unshift(namespace ?? usual);
  const [kubeNamespace = '', pod = '', named = container] = parts;
  const twice = (parts.length === 3 && container !== undefined) || (text.includes('/') && namespace !== undefined);
  if (parts.length > 3 || twice) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} with these options names no one pod or container`, {
      hint: 'write NAMESPACE/POD/CONTAINER, or POD with --namespace and --container',
    });
  }
  if (allContainers && named !== undefined) {
    throw cliError('ERR_USAGE_ARGUMENT', '--all-containers is of a pod, and a container is named');
  }
  demandNames({ kubeNamespace, pod, container: named ?? 'any' });
  return { kubeNamespace, pod, container: named };
}

/** The folder that archives are fetched into; `--export` may name the file of one instead. */
async function folderFor({ export: wanted, allContainers }: ClusterCheckpointOptions, count: number): Promise<string> {
  const path = resolve(wanted ?? '.');
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return path;
  if (found) throw cliError('ERR_CHECKPOINT_EXISTS', `${path} exists already`);
  if (allContainers || count > 1) {
    await mkdir(path, { mode: 0o700 });
    return path;
  }
  await stat(dirname(path));
  return dirname(path);
}

function targetOf({ export: wanted, allContainers }: OneOptions, nodeArchive: string, folder: string): string {
  const path = wanted === undefined || allContainers ? folder : resolve(wanted);
  return path === folder ? join(folder, basename(nodeArchive)) : path;
}

function refuseForeign({ rootfs, maxPause, fetch, export: path }: ClusterCheckpointOptions): void {
  refuseOfKubelet({ '--rootfs': rootfs, '--max-pause': maxPause });
  if (!fetch && path !== undefined) {
    throw cliError('ERR_USAGE_ARGUMENT', '--export says where to, --no-fetch that nothing is fetched');
  }
}
