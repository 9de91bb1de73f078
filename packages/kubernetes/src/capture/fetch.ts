/** An archive from the node where its kubelet left it, through the API server; hashed there and here. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type Digest, harmless, isDigest } from '@stillframe/core';
import { writeAll, writeAtomically } from '@stillframe/core/file';
import type { CallOptions, ClusterApi } from '../api/cluster-api.ts';
import { execInPod } from '../api/exec.ts';
import { clusterError } from '../errors.ts';
import { type ArchivePlace, archivePlace } from './archive-name.ts';
import { MOUNTED, openFetchPod } from './fetch-pod.ts';

export interface FetchOptions extends CallOptions {
  readonly node: string;
  /** The archive's path on the node, as its kubelet said it. */
  readonly archive: string;
  /** The file to be made here; nothing is overwritten. */
  readonly to: string;
  /** Where the pod is made that reads it, and of what image. */
  readonly kubeNamespace: string;
  readonly image: string;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Seconds that a fetch may take before its pod ends by itself. */
const SECONDS = 6 * 3600;
/** Bytes that a small program may say. */
const MOST_TEXT = 4096;

/**
 * The archive's digest, the same at both ends, and its bytes. Throws ERR_CLUSTER_ANSWER for a path that is no kubelet's,
 * ERR_CLUSTER_TRANSFER where the two differ, ERR_CLUSTER_NOT_RUNNING where its pod does not start, ERR_FILE_EXISTS, and the reason of
 * the signal. The pod is removed in every case, and nothing is left of a file that is not whole.
 */
export async function fetchArchive(api: ClusterApi, options: FetchOptions): Promise<{ digest: Digest; size: number }> {
  const { node, kubeNamespace, image, to, signal, onProgress } = options;
  const { folder, name } = placeOf(options.archive);
  await using pod = await openFetchPod(api, { node, folder, kubeNamespace, image, seconds: SECONDS, signal });
  const run = (...command: string[]) => execInPod(api, { pod: pod.name, container: pod.container, command, signal });
  const file = posix.join(MOUNTED, name);
  const size = Number((await textOf(run('stat', '-c', '%s', file))).trim());
  if (!Number.isSafeInteger(size) || size < 0) {
    throw clusterError('ERR_CLUSTER_ANSWER', `${harmless(node)} does not say how large ${harmless(name)} is`);
  }
  const hash = createHash('sha256');
  let done = 0;
  let there: Digest | undefined;
  await writeAtomically(
    to,
    async (handle) => {
      for await (const piece of run('cat', file)) {
        if (done + piece.length > size) throw differs(name, `more than ${size} bytes came`);
        hash.update(piece);
        await writeAll(handle, piece, done);
        done += piece.length;
        onProgress?.(done, size);
      }
      const here = `sha256:${hash.digest('hex')}`;
      // Last, so that it is about what the node has once all of it has been read.
      there = await digestThere(run('sha256sum', file), node);
      if (here !== there) throw differs(name, `${there} on ${node}, ${here} here`);
    },
    { replace: false },
  );
  return { digest: there as Digest, size: done };
}

function placeOf(archive: string): ArchivePlace {
  const place = archivePlace(archive);
  if (place) return place;
  throw clusterError('ERR_CLUSTER_ANSWER', `${harmless(archive)} is no path that a kubelet gives an archive`, {
    hint: 'the archive is there, but not fetched from a folder that is not named checkpoints',
  });
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text = (text + Buffer.from(piece).toString('utf8')).slice(0, MOST_TEXT);
  return text;
}

async function digestThere(pieces: AsyncIterable<Uint8Array>, node: string): Promise<Digest> {
  const text = await textOf(pieces);
  const digest = `sha256:${/^\\?([0-9a-f]{64})\b/.exec(text)?.[1] ?? ''}`;
  if (isDigest(digest)) return digest;
  throw clusterError('ERR_CLUSTER_ANSWER', `${harmless(node)} gives no digest: ${harmless(text.slice(0, 200))}`);
}

function differs(name: string, how: string): Error {
  return clusterError('ERR_CLUSTER_TRANSFER', `${harmless(name)} is not the same here as on its node: ${how}`);
}
