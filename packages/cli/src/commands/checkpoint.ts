/** `stillframe checkpoint`: a running container into an archive, over any CRI socket. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  bytesText,
  microsecondsText,
  millisecondsText,
  OVER_BUDGET,
  type OverBudget,
  parsePause,
} from '@stillframe/core';
import { evidencePath, type RecordedCapture } from '@stillframe/evidence';
import { type ContainerAddress, reserveArchive } from '@stillframe/kubelet/names';
import { foldersOf } from '@stillframe/runtime/place';
import { type Command, Option } from 'commander';
import { readRecordedCapture } from '../capture-facts.ts';
import { metadataFor } from '../checkpoint/metadata.ts';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { askerNow, attestForCommand, commandKey } from '../evidence/for-command.ts';
import { evidenceText, foreignCapture, pauseText } from '../evidence/foreign-capture.ts';
import type { Io } from '../io.ts';
import { type ClusterPlace, meansCluster, withCluster, withFetching } from '../node/cluster-place.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { type KubeletPlace, withKubelet } from '../node/kubelet-place.ts';
import { cliError } from '../usage.ts';
import { ADDRESS_HELP, addressText, demandTarget, findContainer } from './address.ts';
import { type NodePlace, outputOption, type RegisterCommand, withCri } from './command.ts';

/** Columns of the names in the table. */
const NAMES = 32;

interface CheckpointOptions extends CriPlace, NodePlace, KubeletPlace, ClusterPlace {
  container?: string;
  fetch: boolean;
  fetchImage: string;
  fetchNamespace: string;
  export?: string;
  timeout: string;
  rootfs?: 'frozen' | 'live';
  maxPause?: string;
  overBudget: OverBudget;
  allContainers?: boolean;
  nonAtomic?: boolean;
  signKey?: string;
  output: string;
}

export const checkpoint: RegisterCommand = (program, io) => {
  withFetching(withCluster(withKubelet(withCri(program.command('checkpoint')))))
    .description('Checkpoint a running container into an archive; it goes on running')
    .argument('<address>', `${ADDRESS_HELP}, or a container’s id; with --all-containers NAMESPACE/POD, or POD`)
    .option('-c, --container <name>', 'in a cluster: which container of the pod')
    .option(
      '-e, --export <path>',
      'archive file, or an existing folder for one with the usual name; of a pod: an empty or new folder',
    )
    .option('--all-containers', 'of a pod, at one instant, into a folder')
    .option('--non-atomic', 'with --all-containers: also where they can only be captured one after another')
    .option('--timeout <seconds>', 'give up after so long, leaving the container as it was', '3600')
    .addOption(
      new Option(
        '--rootfs <when>',
        'take changed files while it is `frozen`, at the instant of the memory (the default), or `live` after it runs ' +
          'again: a shorter pause, but the files may be later than the memory; only the embedded node',
      ).choices(['frozen', 'live']),
    )
    .option(
      '--max-pause <time>',
      'how long it may stand still, as 500ms or 2s: estimated before it is frozen, from its memory, changed files and the disk',
    )
    .addOption(
      new Option(
        '--over-budget <what>',
        'where --max-pause does not hold: `refuse` by the estimate, and freeze nothing; `abort` the freeze once it has ' +
          'lasted that long; or `proceed`, and only record it',
      )
        .choices(OVER_BUDGET)
        .default('refuse'),
    )
    .option(
      '--sign-key <file>',
      'sign evidence that this command makes, of another runtime’s archive, with this private key, PEM; by default STILLFRAME_CUSTODY_KEY',
    )
    .option('--no-fetch', 'in a cluster: leave the archive on its node')
    .addOption(outputOption('table', 'json'))
    .action(async (text: string, options: CheckpointOptions, command: Command) => {
      const timeout = secondsOf(options.timeout);
      demandPause(options.maxPause);
      const { kubelet } = options;
      if (meansCluster(options)) {
        if (['kubelet', 'cri'].some((name) => command.getOptionValueSource(name) === 'cli'))
          throw cliError('ERR_USAGE_ARGUMENT', 'a cluster, --kubelet and --cri are three places; name one');
        const { checkpointInCluster } = await import('../checkpoint/by-cluster.ts');
        return await checkpointInCluster(text, timeout, options, io);
      }
      if (kubelet !== undefined) {
        const { checkpointByKubelet } = await import('../checkpoint/by-kubelet.ts');
        return await checkpointByKubelet(text, timeout, { ...options, kubelet }, io);
      }
      if (options.nonAtomic && !options.allContainers)
        throw cliError('ERR_USAGE_ARGUMENT', '--non-atomic needs --all-containers');
      if (options.allContainers) return await wholePod(text, timeout, options, io);
      await oneContainer(text, timeout, options, io);
    });
};

async function oneContainer(text: string, timeout: number, options: CheckpointOptions, io: Io): Promise<void> {
  demandTarget(text);
  if (options.export !== undefined) await demandFreePath(resolve(options.export));
  await using client = await connectCri(options, io.signal);
  const found = await findContainer(client, text, io.signal);
  const { pod, container } = found;
  const address = { kubeNamespace: pod.kubeNamespace, pod: pod.pod, container: container.name };
  const asker = askerNow(io);
  const metadata = metadataFor(client, options, asker);
  const foreign = client.version.runtimeName !== 'stillframe';
  const key = foreign ? await commandKey(options.signKey, io) : undefined;
  await using place = await placeFor(options, address, io.signal);
  const location = place.path;
  const from = performance.now();
  const startedAt = new Date();
  try {
    await client.runtime.checkpointContainer(
      { containerId: container.id, location, timeout: BigInt(timeout) },
      { signal: io.signal, timeoutMs: timeout * 1000 + 5000, metadata },
    );
  } catch (error) {
    // Runtimes other than ours may leave half an archive, which nobody must take for evidence.
    if (foreign) await rm(location, { force: true });
    throw error;
  }
  const took = performance.now() - from;
  if (foreign) await attestForCommand(location, foreignCapture(client, found, { startedAt, took, asker }), key, io);
  const { size } = await stat(location);
  const facts = await readRecordedCapture(location);
  await noteAccess(location, io);
  const { truePause, pauseAtMost, digest } = facts ?? {};
  const body = {
    archive: location,
    evidence: facts && evidencePath(location),
    container: { id: container.id, ...address },
    size,
    requestMilliseconds: Math.round(took),
    truePauseMicroseconds: truePause,
    pauseAtMostMicroseconds: pauseAtMost,
    dumpMicroseconds: facts?.dump,
    rootfs: facts?.rootfs,
    rootfsMicroseconds: facts?.rootfsDiff,
    digest,
  };
  if (options.output === 'json') {
    io.out(renderJson('Checkpoint', 1, body));
    return;
  }
  const rows = [
    ['archive', location],
    ['container', addressText(address)],
    ['size', bytesText(size)],
    ['true pause', pauseText(facts)],
    ...sharesOf(facts),
    ['request to archive', millisecondsText(took)],
    ['sha256', digest?.replace('sha256:', '') ?? 'not recorded by this runtime'],
    ['evidence', facts ? evidenceText(location, facts) : 'none: this runtime writes none'],
  ];
  io.out(renderFacts(rows, NAMES));
}

/** Throws ERR_USAGE_ARGUMENT for what CheckpointPod has no room for. */
async function wholePod(text: string, timeout: number, options: CheckpointOptions, io: Io): Promise<void> {
  if (options.rootfs !== undefined) throw cliError('ERR_USAGE_ARGUMENT', '--rootfs is of one container');
  const { checkpointPod } = await import('../checkpoint/pod.ts');
  await checkpointPod(text, timeout, options, io);
}

/**
 * The path to write to, which nobody else uses until disposal: a runtime other than ours would overwrite what is there.
 * In a folder, names count seconds, so a second capture in one second waits for the next.
 */
async function placeFor(
  options: CheckpointOptions,
  address: ContainerAddress,
  signal: AbortSignal,
): Promise<{ path: string } & AsyncDisposable> {
  const wanted = options.export === undefined ? foldersOf(options).checkpoints : resolve(options.export);
  if (options.export === undefined) await mkdir(wanted, { recursive: true, mode: 0o700 });
  if ((await demandFreePath(wanted)) === 'folder') return reserveArchive(wanted, address, signal);
  return { path: wanted, [Symbol.asyncDispose]: async () => undefined };
}

/** Throws ERR_CHECKPOINT_EXISTS where the archive or its evidence is there, ERR_PATH_MISSING without a folder for it. */
async function demandFreePath(path: string): Promise<'folder' | 'free'> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  for (const taken of [path, evidencePath(path)]) {
    if (await stat(taken).catch(() => undefined)) throw cliError('ERR_CHECKPOINT_EXISTS', `${taken} exists already`);
  }
  await stat(dirname(path));
  return 'free';
}

/** What the pause was made of, as far as it is recorded. */
function sharesOf(facts: RecordedCapture | undefined): [string, string][] {
  const { dump, rootfs, rootfsDiff } = facts ?? {};
  const files = rootfs === 'live' ? 'changed files, after the pause' : '  of it changed files';
  return [
    ...(dump === undefined ? [] : [['  of it the dump', microsecondsText(dump)] as [string, string]]),
    ...(rootfsDiff === undefined ? [] : [[files, microsecondsText(rootfsDiff)] as [string, string]]),
  ];
}

/** Throws ERR_USAGE_ARGUMENT. */
function demandPause(text: string | undefined): void {
  if (text === undefined || parsePause(text) !== undefined) return;
  throw cliError(
    'ERR_USAGE_ARGUMENT',
    `--max-pause takes a time up to an hour, as 500ms or 2s, not ${JSON.stringify(text)}`,
  );
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) {
    throw cliError('ERR_USAGE_ARGUMENT', `--timeout takes whole seconds up to a day, not ${JSON.stringify(text)}`);
  }
  return seconds;
}
