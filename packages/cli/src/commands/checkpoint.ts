/** `stillframe checkpoint`: a running container into an archive, over any CRI socket. */
import { resolve } from 'node:path';
import {
  bytesText,
  microsecondsText,
  millisecondsText,
  OVER_BUDGET,
  type OverBudget,
  parsePause,
} from '@stillframe/core';
import { evidencePath, type RecordedCapture } from '@stillframe/evidence';
import { type Command, Option } from 'commander';
import { captureOne, demandFreePath } from '../checkpoint/one-container.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { evidenceText, pauseText } from '../evidence/foreign-capture.ts';
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
  const {
    archive: location,
    size,
    took,
    facts,
    address,
  } = await captureOne(client, found, { ...options, timeout }, io);
  const { container } = found;
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
