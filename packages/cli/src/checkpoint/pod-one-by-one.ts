/**
 * The containers of a pod one after another, over a runtime that cannot stop them together: each archive with evidence, and a
 * statement about all of it.
 */
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { encodePodOptions, POD_OPTIONS } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { syncFolder, writeTextAtomically } from '@stillframe/core/file';
import type { CriClient } from '@stillframe/cri/client';
import {
  type CaptureAsker,
  decodeCapture,
  encodePodCapture,
  evidencePath,
  type PodPart,
  type SigningKey,
  signEnvelopeText,
  statementDigestOf,
} from '@stillframe/evidence';
import { isDnsLabel } from '@stillframe/kubelet/names';
import type { ContainerView, PodView } from '../commands/address.ts';
import { userOf } from '../custody/note.ts';
import { showProgress } from '../display/progress.ts';
import { attestAfterWriting } from '../evidence/after-writing.ts';
import { foreignCapture, runtimeOf } from '../evidence/foreign-capture.ts';
import type { Io } from '../io.ts';
import { productVersion } from '../product.ts';
import type { Call } from './pod.ts';

interface Asked {
  call: Call;
  /** Seconds for each container. */
  timeout: number;
  asker: CaptureAsker;
  key: SigningKey | undefined;
}

/** Annotation of pod.options: `false` where the containers were captured one after another. */
const ATOMIC = 'io.stillframe.checkpoint.pod.atomic';

/** In a folder of another name until the last one is there: half a pod must not be taken for one. */
export async function oneByOne(
  client: CriClient,
  pod: PodView,
  running: readonly ContainerView[],
  folder: string,
  asked: Asked,
  io: Io,
): Promise<void> {
  const partial = join(dirname(folder), `.${basename(folder)}.partial`);
  await mkdir(partial, { recursive: false, mode: 0o700 });
  try {
    const from = new Date();
    const parts: PodPart[] = [];
    for (const [at, container] of running.entries()) {
      const file = isDnsLabel(container.name) ? `${container.name}.tar` : `_${at}.tar`;
      parts.push(await capture(client, { pod, container }, join(partial, file), asked, io));
    }
    const list = listOf(client, pod, parts);
    const whole = encodePodCapture({
      pod: { name: pod.pod, kubeNamespace: pod.kubeNamespace, sandboxID: pod.sandboxID },
      parts,
      documents: [{ name: POD_OPTIONS, digest: digestOf(Buffer.from(list)) }],
      atomic: false,
      versions: { stillframe: productVersion, runtime: runtimeOf(client) },
      node: { hostname: hostname(), kernel: release() },
      startedAt: from.toISOString(),
      finishedAt: new Date().toISOString(),
      askedBy: [asked.asker],
    });
    const text = asked.key ? signEnvelopeText(whole, asked.key) : whole;
    await writeTextAtomically(evidencePath(join(partial, POD_OPTIONS)), text);
    await writeTextAtomically(join(partial, POD_OPTIONS), list);
    io.signal.throwIfAborted();
    await rename(partial, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function capture(
  client: CriClient,
  found: { pod: PodView; container: ContainerView },
  path: string,
  { call, timeout, asker, key }: Asked,
  io: Io,
): Promise<PodPart> {
  const { id, name } = found.container;
  const startedAt = new Date();
  const began = performance.now();
  await client.runtime.checkpointContainer({ containerId: id, location: path, timeout: BigInt(timeout) }, call);
  const facts = foreignCapture(client, found, { startedAt, took: performance.now() - began, asker });
  using progress = showProgress(io, `evidence of ${name}`);
  const { update: onProgress } = progress;
  await attestAfterWriting(path, facts, { user: userOf(io.env), key, signal: io.signal, onProgress });
  const text = await readFile(evidencePath(path), 'utf8');
  const { digest, size = 0 } = decodeCapture(text);
  return { container: { id, name }, archive: basename(path), size, digest, statement: statementDigestOf(text) };
}

/** pod.options. */
function listOf({ version }: CriClient, pod: PodView, parts: readonly PodPart[]): string {
  const marks = {
    'org.criu.checkpoint.engine.name': version.runtimeName,
    'org.criu.checkpoint.engine.version': version.runtimeVersion,
    'org.criu.checkpoint.pod.name': pod.pod,
    'org.criu.checkpoint.pod.namespace': pod.kubeNamespace,
    'org.criu.checkpoint.pod.id': pod.sandboxID,
    [ATOMIC]: 'false',
  };
  return encodePodOptions(new Map(parts.map(({ container, archive }) => [container.name, archive])), marks);
}
