/** What the commands that judge a checkpoint share: their options, the judgement, and what is made of it. */
import { basename } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Digest, digestSource, observedSource, UndoStack } from '@stillframe/core';
import {
  type Analysis,
  analyse,
  chooseRules,
  type JudgedCheckpoint,
  judgeYara,
  rules as ownRules,
  worstFirst,
} from '@stillframe/forensics';
import type { Command } from 'commander';
import type { ReadingOptions } from '../commands/reading.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { openBase } from '../mapped-files.ts';
import { productVersion } from '../product.ts';
import { repeated } from '../repeated.ts';
import { imageDigest, measureInputs } from './inputs.ts';
import type { RunFacts } from './record.ts';
import { readRuleFiles } from './rule-files.ts';
import { readSigma } from './sigma.ts';
import { startYara } from './yara-process.ts';

/** What commander gives for `withScanning`. */
export interface ScanningOptions extends ReadingOptions {
  image?: string;
  memory: boolean;
  /** Ids of rules that alone are judged, and of those that are not. */
  rule?: string[];
  without?: string[];
  /** Files and folders of Sigma rules. */
  sigma?: string[];
  /** Files and folders of YARA rules. */
  yara?: string[];
}

/** The options that decide what is looked at. */
export function withScanning(command: Command): Command {
  return command
    .option('--image <where>', 'the container’s image: layout, tar or folder, oci:LAYOUT[:TAG], or reference')
    .option('--no-memory', 'leave the content of memory out; the rest takes no time')
    .option('--rule <id>', 'judge by this rule alone, or by those that begin so (process-*); repeatable', collectIds)
    .option('--without <id>', 'judge by all rules but this one; repeatable', collectIds)
    .option(
      '--sigma <file|folder>',
      'judge by Sigma rules too: a file, or a folder of .yml and .yaml; repeatable',
      repeated,
    )
    .option(
      '--yara <path>',
      'and by the YARA rules of this file or folder, over memory and files; repeatable',
      repeated,
    );
}

/** Several of one option, also with commas between. */
function collectIds(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').filter((id) => id !== '')];
}

/** How much is hashed: nothing, the archive, or all that a record names. */
export type Hashing = 'none' | 'archive' | 'inputs';

/** A judged checkpoint and, where all was hashed, what it was made of. */
export interface Judging {
  readonly judged: JudgedCheckpoint;
  readonly run: RunFacts | undefined;
}

/** Judges an open checkpoint, and gives what else is said of it. */
export async function judge(
  what: string,
  checkpoint: Checkpoint,
  options: ScanningOptions,
  io: Io,
  hashing: Hashing,
): Promise<Judging> {
  const sigma = options.sigma && (await readSigma(options.sigma, io));
  const table = [...ownRules, ...(sigma?.rules ?? [])];
  const own = chooseRules({ only: options.rule, without: options.without }, table);
  const yaraFiles = await readRuleFiles(options.yara ?? [], ['.yar', '.yara']);
  await using yara = yaraFiles.length > 0 ? await startYara(yaraFiles, io.signal) : undefined;
  await using closing = new UndoStack();
  const image = options.image === undefined ? undefined : await openBase(options.image, io, closing, options);
  const { memory } = options;
  const { signal } = io;
  const judged = await analyse(checkpoint, { rules: own, image: image?.layers, memory, signal });
  const theirs = yara && (await judgeYara(checkpoint, yara, { tables: judged.tables, memory, signal }));
  const rules = [...own, ...(theirs?.rules ?? [])];
  const analysis = {
    ...judged,
    findings: worstFirst([...judged.findings, ...(theirs?.findings ?? [])]),
    diagnostics: [...judged.diagnostics, ...(theirs?.diagnostics ?? []), ...(yara?.diagnostics ?? [])],
  };
  const { archive, metadata } = checkpoint;
  const inputs = hashing === 'inputs' ? await measureInputs(checkpoint, io) : undefined;
  const imageFound =
    options.image === undefined || !inputs ? undefined : await imageDigest(options.image, image?.digest, io);
  const told = {
    archive: {
      name: basename(what),
      digest: hashing === 'archive' ? await digestOfArchive(checkpoint, io) : archive.bytes && inputs?.digest,
      size: archive.bytes?.size,
      entries: archive.entries,
    },
    ...{ metadata, analysis, rules, version: productVersion },
    diagnostics: [...analysis.diagnostics, ...checkpoint.diagnostics(), ...(sigma?.diagnostics ?? [])].map((fault) =>
      // The place of the archive is none of what it holds: elsewhere the same is to be said of it.
      fault.source === archive.label ? { ...fault, source: basename(what) } : fault,
    ),
  };
  const ruleFiles = [...(sigma?.files ?? []), ...yaraFiles.map(({ name, digest }) => ({ name, digest }))];
  return { judged: told, run: inputs && { inputs, image: imageFound, memory, ruleFiles } };
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
