/** A node for the desk, over CRI: the same that the commands `pods`, `checkpoint`, `restore`, `logs` and `rm` do. */
import { harmless, UndoStack } from '@stillframe/core';
import { type CriClient, openExecTerminal } from '@stillframe/cri/client';
import type { CaseInput, LiveNode, Watch } from '@stillframe/server';
import { captureOne } from '../checkpoint/one-container.ts';
import { type FoundContainer, listPods } from '../commands/address.ts';
import type { NodePlace } from '../commands/command.ts';
import { runtimeOf } from '../evidence/foreign-capture.ts';
import { pushImage, registryReference } from '../image/pushed.ts';
import type { Io } from '../io.ts';
import { openEvidence } from '../open-evidence.ts';
import { removePod } from '../pod.ts';
import type { RegistryFlags } from '../registries/flags.ts';
import { checkedCopies, restoreCopies } from '../restore/copies.ts';
import { describeSource, type SourceOptions } from '../restore-source.ts';
import { demandOwnRuntime } from '../restore-wishes.ts';
import { cliError } from '../usage.ts';
import { type CriPlace, connectCri } from './connect.ts';
import { readLogEnd } from './container-log.ts';

/** Seconds that a capture may take, as by default of the command. */
const TIMEOUT = 3600;
/** Lines of a log that are shown. */
const LINES = 300;
/** What a terminal runs: most images have one. */
const SHELL = ['/bin/sh'];

export interface LiveNodeOptions {
  readonly place: CriPlace & NodePlace;
  /** For checkpoints that are restored, and registries that images go to. */
  readonly source: SourceOptions & RegistryFlags;
  /** File of the private key that images are signed with on request. */
  readonly signKey?: string | undefined;
  /** Throws where another file lies at `what` than was opened. */
  readonly demandSame: (what: string) => Promise<void>;
  /** Of an archive that was just written. */
  readonly caseOf: (what: string, checkpoint: CaseInput['checkpoint']) => CaseInput;
}

/**
 * Connects. Disposing closes the archives that were taken, and the connection; copies that were restored go on. Throws what connectCri
 * throws.
 */
export async function openLiveNode(
  { place, source: sourceOptions, signKey, demandSame, caseOf }: LiveNodeOptions,
  io: Io,
): Promise<LiveNode & AsyncDisposable> {
  const client = await connectCri(place, io.signal);
  const closing = new UndoStack();
  closing.push('connection', () => client[Symbol.asyncDispose]());
  const ours = new Set<string>();
  // Who asks is a page: nothing is drawn on the terminal of the command.
  const ioUntil = (signal: AbortSignal): Io => ({ ...io, interactive: false, answering: false, signal });
  return {
    runtime: runtimeOf(client),
    socket: client.socket,
    isOwn: client.version.runtimeName === 'stillframe',
    async pods(signal) {
      const [pods, memory] = [await listPods(client, signal), await memoryOf(client, signal)];
      return pods.map(({ sandboxID, kubeNamespace, pod, ready, containers }) => ({
        ...{ sandbox: sandboxID, kubeNamespace, name: pod, ready, isOurs: ours.has(sandboxID) },
        containers: containers.map(({ id, name, image, requestedImage, state }) => ({
          ...{ id, name, state, image: requestedImage ?? image, memory: memory.get(id) ?? null },
        })),
      }));
    },
    async capture(id, { mostPause }, { signal, told }) {
      const found = await findById(client, id, signal);
      const wishes = { ...place, timeout: TIMEOUT, overBudget: 'refuse' as const };
      const options = mostPause === '' ? wishes : { ...wishes, maxPause: mostPause };
      const { archive, size, facts } = await captureOne(client, found, options, ioUntil(signal), told);
      told('opening the archive; the container runs');
      // As long as the desk: what is opened outlives what asked for it.
      const checkpoint = await openEvidence(archive, ioUntil(io.signal));
      closing.push(archive, () => checkpoint[Symbol.asyncDispose]());
      return {
        ...{ input: caseOf(archive, checkpoint), archive, bytes: size, dump: facts?.dump ?? null },
        ...{ pause: facts?.truePause ?? null, pauseAtMost: facts?.pauseAtMost ?? null },
      };
    },
    async restore(what, { sinkhole, scrubTokens }, { signal, told }) {
      const [sandbox, network, namespace] = ['forensic', 'none', 'default'];
      const options = { sandbox, network, namespace, sinkhole, scrubTokens };
      const wanted = checkedCopies({ ...options, copies: '1', setEnv: [], mount: [], annotation: [] });
      await demandOwnRuntime(client, signal);
      told('reading the checkpoint');
      await using source = await describeSource(what, ioUntil(signal), sourceOptions);
      told('starting the copy in its sandbox');
      const restored = await restoreCopies(client, source, {
        options: { ...options, copies: '1', setEnv: [], mount: [], annotation: [] },
        wanted,
        told: (started) => {
          for (const { sandboxID } of started) ours.add(sandboxID);
        },
        signal,
      });
      return restored.map(({ address, containerID, sandboxID, clamped = [], altered = [], pcap = null }) => ({
        ...{ address, container: containerID, sandbox: sandboxID, clamped, altered, packets: pcap },
      }));
    },
    canSign: signKey !== undefined,
    registryTarget: registryReference,
    push(what, { reference, sign }, { signal, told }) {
      const io = { ...ioUntil(signal), watched: progressOf(told) };
      const options = { ...sourceOptions, signKey: sign ? signKey : undefined };
      told('opening the archive');
      return pushImage({ what, reference, options, checked: () => demandSame(what) }, io);
    },
    async log(id, signal) {
      const { status } = await client.runtime.containerStatus({ containerId: id }, { signal });
      return await readLogEnd(status?.logPath ?? '', LINES);
    },
    async terminal(container, size, signal) {
      if (!ours.has((await findById(client, container, signal)).pod.sandboxID))
        throw cliError('ERR_CONTAINER_NOT_FOUND', 'only copies of this desk are typed into');
      return await openExecTerminal(client, { container, command: SHELL, size }, signal);
    },
    async remove(sandbox) {
      await removePod(client, sandbox);
      ours.delete(sandbox);
    },
    [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
  };
}

/** What `showProgress` calls what it counts, in words of the page. */
const WORDS: Readonly<Record<string, string>> = { hash: 'holding the archive against its evidence', push: 'pushing' };

function progressOf(told: Watch['told']): NonNullable<Io['watched']> {
  return (title, done, total) => told(WORDS[title] ?? title, total > 0 ? { done, total } : undefined);
}

/** Bytes by container; nothing where the runtime does not count, or not now: it only helps to guess a pause. */
async function memoryOf({ runtime }: CriClient, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const answer = await runtime.listContainerStats({}, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  const rows = (answer?.stats ?? []).flatMap(({ attributes, memory }) => {
    const bytes = memory?.workingSetBytes?.value;
    return attributes && bytes !== undefined ? [[attributes.id, Number(bytes)] as const] : [];
  });
  return new Map(rows);
}

/** Throws ERR_CONTAINER_NOT_FOUND. */
async function findById(client: CriClient, id: string, signal: AbortSignal): Promise<FoundContainer> {
  for (const pod of await listPods(client, signal)) {
    const container = pod.containers.find((each) => each.id === id);
    if (container) return { pod, container };
  }
  throw cliError('ERR_CONTAINER_NOT_FOUND', `there is no container ${harmless(id)}`);
}
