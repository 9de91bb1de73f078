/**
 * Evidence of an archive that another runtime wrote: read once it is finished. It says that its digests came later, by whom and
 * when, and that the true pause is not known.
 */
import { lstat, open } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { basename } from 'node:path';
import { type Digest, harmless } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import {
  type CaptureAsker,
  type CaptureEvidence,
  encodeCapture,
  evidencePath,
  type SigningKey,
  signEnvelopeText,
} from '@stillframe/evidence';
import { productVersion } from '../product.ts';
import { cliError } from '../usage.ts';
import type { MeasuredFile } from './measured-file.ts';

/** What is known of a capture by who asked the runtime for it. */
export interface ForeignCapture {
  readonly container: CaptureEvidence['container'];
  /** Name and version of who wrote the archive. */
  readonly runtime: string;
  /** When the runtime was asked, and when it answered. */
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Microseconds between; undefined where the capture may have begun before it was asked for. */
  readonly pauseAtMost: number | undefined;
  readonly askedBy: readonly CaptureAsker[];
  /** The machine that the container ran on; this one by default. */
  readonly node?: CaptureEvidence['node'];
  readonly cluster?: NonNullable<CaptureEvidence['cluster']>;
}

export interface AttestOptions {
  /** Whoever takes the digests. */
  readonly user: string;
  readonly key: SigningKey | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Reads the archive, syncs it, and writes `<archive>.evidence.json`; it appears whole or not at all. Throws ERR_ARCHIVE_CHANGED,
 * ERR_FILE_UNREADABLE, ERR_FILE_EXISTS where evidence is there already, the system's errors, and the reason of the signal.
 */
export async function attestAfterWriting(path: string, capture: ForeignCapture, options: AttestOptions): Promise<void> {
  // What a link points to may be another archive tomorrow.
  if (!(await lstat(path)).isFile())
    throw cliError('ERR_ARCHIVE_CHANGED', `${harmless(path)} is no file of its own`, {
      hint: 'a link is not followed',
    });
  const { text } = await attestationOf(path, capture, options);
  await writeTextAtomically(evidencePath(path), text, { replace: false });
}

/** Evidence that has been made and lies nowhere yet. */
export interface Attestation {
  readonly text: string;
  readonly digest: Digest;
  /** Bytes of the archive. */
  readonly size: number;
}

/** As attestAfterWriting, for who keeps the evidence elsewhere. `name`: what it calls the archive, that of the file by default. */
export async function attestationOf(
  path: string,
  capture: ForeignCapture,
  options: AttestOptions & { name?: string },
): Promise<Attestation> {
  const { signal, key, onProgress, user, name = basename(path) } = options;
  const at = new Date();
  // Reading an archive is a lot to load; a node of ours has measured it already.
  const { measureFile } = await import('./measured-file.ts');
  const measured = await measureFile(path, { signal, onProgress });
  const until = new Date();
  await using file = await open(path, 'r');
  await file.sync();
  signal.throwIfAborted();
  const text = encodeCapture(evidenceOf(name, measured, capture, { user, at, until }));
  const { digest, size } = measured;
  return { text: key ? signEnvelopeText(text, key) : text, digest, size };
}

function evidenceOf(
  name: string,
  { digest, size, writtenAt, contents, damage }: MeasuredFile,
  { container, runtime, startedAt, finishedAt, pauseAtMost, askedBy, node, cluster }: ForeignCapture,
  { user, at, until }: { user: string; at: Date; until: Date },
): CaptureEvidence {
  return {
    archive: { name, digest, size },
    container,
    versions: { stillframe: productVersion, runtime },
    node: node ?? { hostname: hostname(), kernel: release() },
    ...(cluster ? { cluster } : {}),
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    askedBy,
    digests: {
      taken: 'after-writing',
      by: { user, host: hostname(), tool: `stillframe ${productVersion}` },
      at: at.toISOString(),
      until: until.toISOString(),
      writtenAt: new Date(writtenAt).toISOString(),
      after: Math.max(0, Math.round((at.getTime() - writtenAt) * 1000)),
    },
    pause: { truePause: null, atMost: pauseAtMost ?? null },
    options: {},
    notCaptured: [
      `not known: ${runtime} does not say what it left out, as a rule the content of bind mounts`,
      ...(damage === undefined ? [] : [`what could not be read of the archive when its digests were taken: ${damage}`]),
    ],
    ...(contents ? { contents } : {}),
  };
}
