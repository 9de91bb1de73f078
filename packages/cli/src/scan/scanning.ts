/** What the commands that judge a checkpoint share: their options, the judgement, and what is made of it. */
import { basename } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Digest, digestSource, observedSource, UndoStack } from '@stillframe/core';
import { type Analysis, analyse, type JudgedCheckpoint, rules } from '@stillframe/forensics';
import type { Command } from 'commander';
import type { ReadingOptions } from '../commands/reading.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { openBase } from '../mapped-files.ts';
import { productVersion } from '../product.ts';

/** What commander gives for `withScanning`. */
export interface ScanningOptions extends ReadingOptions {
  image?: string;
  memory: boolean;
}

/** The options that decide what is looked at. */
export function withScanning(command: Command): Command {
  return command
    .option('--image <where>', 'the container’s image: layout, tar or folder, oci:LAYOUT[:TAG], or reference')
    .option('--no-memory', 'leave the content of memory out; the rest takes no time');
}

/** Judges an open checkpoint, and gives what else is said of it, with the digest of the archive where `hashed`. */
export async function judge(
  what: string,
  checkpoint: Checkpoint,
  options: ScanningOptions,
  io: Io,
  { hashed }: { hashed: boolean },
): Promise<JudgedCheckpoint> {
  await using closing = new UndoStack();
  const image = options.image === undefined ? undefined : await openBase(options.image, io, closing, options);
  const { memory } = options;
  const analysis = await analyse(checkpoint, { image: image?.layers, memory, signal: io.signal });
  const { archive, metadata } = checkpoint;
  return {
    archive: {
      name: basename(what),
      digest: hashed ? await digestOfArchive(checkpoint, io) : undefined,
      size: archive.bytes?.size,
      entries: archive.entries,
    },
    ...{ metadata, analysis, rules, version: productVersion },
    diagnostics: [...analysis.diagnostics, ...checkpoint.diagnostics()],
  };
}

/** Only the findings that `keep` takes. */
export function narrowed(judged: JudgedCheckpoint, keep: (finding: Analysis['findings'][number]) => boolean) {
  return { ...judged, analysis: { ...judged.analysis, findings: judged.analysis.findings.filter(keep) } };
}

/** Undefined for a folder. */
async function digestOfArchive({ archive: { bytes } }: Checkpoint, io: Io): Promise<Digest | undefined> {
  if (!bytes) return undefined;
  using progress = showProgress(io, 'digest');
  return await digestSource(
    observedSource(bytes, (end) => progress.update(end, bytes.size)),
    { signal: io.signal },
  );
}
