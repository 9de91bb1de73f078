/** One container of a node into an archive, with its evidence. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { CriClient } from '@stillframe/cri/client';
import { evidencePath, type RecordedCapture } from '@stillframe/evidence';
import { type ContainerAddress, reserveArchive } from '@stillframe/kubelet/names';
import { foldersOf } from '@stillframe/runtime/place';
import { readRecordedCapture } from '../capture-facts.ts';
import type { FoundContainer } from '../commands/address.ts';
import { noteAccess } from '../custody/note.ts';
import { askerNow, attestForCommand, commandKey } from '../evidence/for-command.ts';
import { foreignCapture } from '../evidence/foreign-capture.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import { type CaptureChoice, metadataFor } from './metadata.ts';

export interface CaptureOptions extends CaptureChoice {
  root: string;
  state: string;
  /** File or folder; by default the node's folder of checkpoints. */
  export?: string;
  /** Seconds. */
  timeout: number;
}

/** An archive that has been written. */
export interface Written {
  archive: string;
  /** Bytes. */
  size: number;
  /** Milliseconds from asking to the answer. */
  took: number;
  /** Undefined where the runtime writes none. */
  facts: RecordedCapture | undefined;
  address: ContainerAddress;
}

/** `told`: what is done now, in a few words. Throws what the runtime says; nothing is left behind then. */
export async function captureOne(
  client: CriClient,
  found: FoundContainer,
  options: CaptureOptions,
  io: Io,
  told: (stage: string) => void = () => undefined,
): Promise<Written> {
  const { pod, container } = found;
  const { timeout } = options;
  const address = { kubeNamespace: pod.kubeNamespace, pod: pod.pod, container: container.name };
  const asker = askerNow(io);
  const metadata = metadataFor(client, options, asker);
  const foreign = client.version.runtimeName !== 'stillframe';
  const key = foreign ? await commandKey(options.signKey, io) : undefined;
  await using place = await placeFor(options, address, io.signal);
  const archive = place.path;
  const from = performance.now();
  const startedAt = new Date();
  told('freezing, dumping and writing the archive');
  try {
    await client.runtime.checkpointContainer(
      { containerId: container.id, location: archive, timeout: BigInt(timeout) },
      { signal: io.signal, timeoutMs: timeout * 1000 + 5000, metadata },
    );
  } catch (error) {
    // Runtimes other than ours may leave half an archive, which nobody must take for evidence.
    if (foreign) await rm(archive, { force: true });
    throw error;
  }
  const took = performance.now() - from;
  if (foreign) {
    told('measuring the archive for its evidence; the container runs');
    await attestForCommand(archive, foreignCapture(client, found, { startedAt, took, asker }), key, io);
  }
  const { size } = await stat(archive);
  const facts = await readRecordedCapture(archive);
  await noteAccess(archive, io);
  return { archive, size, took, facts, address };
}

/**
 * The path to write to, which nobody else uses until disposal: a runtime other than ours would overwrite what is there.
 * In a folder, names count seconds, so a second capture in one second waits for the next.
 */
async function placeFor(
  options: CaptureOptions,
  address: ContainerAddress,
  signal: AbortSignal,
): Promise<{ path: string } & AsyncDisposable> {
  const wanted = options.export === undefined ? foldersOf(options).checkpoints : resolve(options.export);
  if (options.export === undefined) await mkdir(wanted, { recursive: true, mode: 0o700 });
  if ((await demandFreePath(wanted)) === 'folder') return reserveArchive(wanted, address, signal);
  return { path: wanted, [Symbol.asyncDispose]: async () => undefined };
}

/** Throws ERR_CHECKPOINT_EXISTS where the archive or its evidence is there, ERR_PATH_MISSING without a folder for it. */
export async function demandFreePath(path: string): Promise<'folder' | 'free'> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  for (const taken of [path, evidencePath(path)]) {
    if (await stat(taken).catch(() => undefined)) throw cliError('ERR_CHECKPOINT_EXISTS', `${taken} exists already`);
  }
  await stat(dirname(path));
  return 'free';
}
