/** All containers of a pod into one folder: at one instant where the runtime can, one after another where it cannot. */
import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { POD_OPTIONS } from '@stillframe/checkpoint';
import { bytesText, harmless, millisecondsText, type OverBudget, systemCode } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { evidencePath } from '@stillframe/evidence';
import { rfc3339 } from '@stillframe/kubelet/names';
import { foldersOf } from '@stillframe/runtime/place';
import { readRecordedCapture } from '../capture-facts.ts';
import { type ContainerView, listPods, type PodView } from '../commands/address.ts';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { askerNow, commandKey } from '../evidence/for-command.ts';
import { pauseText } from '../evidence/foreign-capture.ts';
import { archivesOf } from '../image/archives-of.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { cliError } from '../usage.ts';
import { metadataFor } from './metadata.ts';
import { parsePodAddress } from './pod-address.ts';
import { oneByOne } from './pod-one-by-one.ts';

export interface PodCheckpointOptions extends CriPlace {
  root: string;
  export?: string;
  nonAtomic?: boolean;
  maxPause?: string;
  overBudget: OverBudget;
  signKey?: string;
  output: string;
}

const NAMES = 20;
/** Milliseconds that an answer may come later than the runtime's time is over. */
const GRACE = 5000;

/**
 * Throws ERR_CHECKPOINT_NOT_ATOMIC for a runtime that cannot stop containers together unless that was allowed, and what
 * the runtime throws. Nothing is left in the folder where one of the containers fails.
 */
export async function checkpointPod(
  text: string,
  timeout: number,
  options: PodCheckpointOptions,
  io: Io,
): Promise<void> {
  const named = parsePodAddress(text);
  await using client = await connectCri(options, io.signal);
  const pod = await findPod(client, named, io.signal);
  const running = pod.containers.filter(({ state }) => state === 'running');
  if (running.length === 0) {
    throw cliError('ERR_CONTAINER_NOT_FOUND', `no container of ${named.kubeNamespace}/${named.pod} is running`);
  }
  const atomic = client.version.runtimeName === 'stillframe';
  if (!atomic && !options.nonAtomic) throw notAtomic(harmless(client.version.runtimeName), running.length);
  const asker = askerNow(io);
  const metadata = metadataFor(client, options, asker);
  const key = atomic ? undefined : await commandKey(options.signKey, io);
  const folder = await folderFor(options, pod);
  const from = performance.now();
  const call = { signal: io.signal, timeoutMs: timeout * 1000 + GRACE, metadata };
  if (atomic) await together(client, pod, running, folder, call);
  else await oneByOne(client, pod, running, folder, { call, timeout, asker, key }, io);
  await tell({ pod, folder, atomic, took: performance.now() - from }, options, io);
}

/** The error for a runtime, or a kubelet, that captures one container at a time. */
export function notAtomic(who: string, count: number) {
  return cliError('ERR_CHECKPOINT_NOT_ATOMIC', `${who} captures the ${count} containers one after another`, {
    hint: 'what they say to each other meanwhile is in the one and not in the other; --non-atomic takes them all the same',
  });
}

/** How the runtime is asked. */
export interface Call {
  signal: AbortSignal;
  timeoutMs: number;
  metadata: Record<string, string>;
}

async function together(
  client: CriClient,
  pod: PodView,
  running: readonly ContainerView[],
  folder: string,
  call: Call,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const containerIds = running.map(({ id }) => id);
  try {
    await client.runtime.checkpointPod({ podSandboxId: pod.sandboxID, outputPath: folder, containerIds }, call);
  } catch (error) {
    // Not one that holds something, whoever put it there.
    await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** The only ready pod of that name. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS. */
async function findPod(
  client: CriClient,
  { kubeNamespace, pod }: { kubeNamespace: string; pod: string },
  signal: AbortSignal,
): Promise<PodView> {
  const all = await listPods(client, signal);
  const [only, ...others] = all.filter(
    (each) => each.ready && each.pod === pod && each.kubeNamespace === kubeNamespace,
  );
  if (!only) throw cliError('ERR_CONTAINER_NOT_FOUND', `there is no pod ${kubeNamespace}/${pod} that is ready`);
  if (others.length === 0) return only;
  throw cliError('ERR_CONTAINER_AMBIGUOUS', `${others.length + 1} ready pods are called ${kubeNamespace}/${pod}`);
}

/** An absolute path that is free, or an empty folder. Throws ERR_CHECKPOINT_EXISTS, or the system's error for no parent. */
async function folderFor(options: PodCheckpointOptions, { pod, kubeNamespace }: PodView): Promise<string> {
  const name = `checkpoint-${pod}_${kubeNamespace}-${rfc3339(new Date())}`;
  const { checkpoints } = foldersOf(options);
  if (options.export === undefined) await mkdir(checkpoints, { recursive: true, mode: 0o700 });
  const path = options.export === undefined ? join(checkpoints, name) : resolve(options.export);
  const there = await readdir(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    if (systemCode(error) === 'ENOTDIR') return [basename(path)];
    throw error;
  });
  if (there.length > 0) throw cliError('ERR_CHECKPOINT_EXISTS', `${path} is not an empty folder`);
  await stat(dirname(path));
  return path;
}

interface Taken {
  pod: PodView;
  folder: string;
  atomic: boolean;
  /** Milliseconds. */
  took: number;
}

async function tell({ pod, folder, atomic, took }: Taken, options: PodCheckpointOptions, io: Io): Promise<void> {
  const archives = [];
  for (const archive of await archivesOf(folder)) {
    const facts = await readRecordedCapture(archive);
    await noteAccess(archive, io);
    const { size } = await stat(archive);
    const { digest, truePause: truePauseMicroseconds, pauseAtMost: pauseAtMostMicroseconds } = facts ?? {};
    archives.push({ archive, size, digest, truePauseMicroseconds, pauseAtMostMicroseconds });
  }
  const evidence = evidencePath(join(folder, POD_OPTIONS));
  const truePauseMicroseconds = atomic ? archives[0]?.truePauseMicroseconds : undefined;
  const names = { kubeNamespace: pod.kubeNamespace, pod: pod.pod, sandboxID: pod.sandboxID };
  if (options.output === 'json') {
    const body = {
      folder,
      evidence,
      ...names,
      atomic,
      truePauseMicroseconds,
      requestMilliseconds: Math.round(took),
      archives,
    };
    io.out(renderJson('PodCheckpoint', 1, body));
    return;
  }
  const rows = [
    ['folder', folder],
    ['pod', `${names.kubeNamespace}/${names.pod}`],
    ['captured', atomic ? 'all containers at one instant' : 'one after another: not at one instant'],
    ['true pause', pauseText({ truePause: truePauseMicroseconds })],
    ['request to archives', millisecondsText(took)],
    ...archives.map(({ archive, size, digest }) => [
      basename(archive),
      `${bytesText(size)}  ${digest?.replace('sha256:', 'sha256 ') ?? ''}`.trim(),
    ]),
    ['evidence of the whole', evidence],
  ];
  io.out(renderFacts(rows, NAMES));
}
