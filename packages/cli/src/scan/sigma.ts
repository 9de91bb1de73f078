/** Files of Sigma rules: found, read and parsed within bounds; what they mean is of the package forensics. */
import { type Diagnostic, type Digest, digestOf, harmless, messageOf, readAll } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { type Rule, type SigmaDocument, sigmaRules } from '@stillframe/forensics';
import { parseAllDocuments } from 'yaml';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import { ruleFilesAt } from './rule-files.ts';

const MOST_FILES = 10_000;
/** Bytes of one file. */
const LARGEST = 1 << 20;
const MOST_ALIASES = 100;
/** Faults that are written out on stderr; JSON has more of them. */
const TOLD = 20;

/** What `--sigma` gives. */
export interface SigmaInput {
  readonly rules: readonly Rule[];
  readonly files: readonly { readonly name: string; readonly digest: Digest }[];
  /** Grows while the rules judge. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the rules of files, and of folders all that end in .yml or .yaml; names are relative to what was given. Tells on stderr how
 * many there are. Throws ERR_USAGE_ARGUMENT for too many files and for none, and the system's errors.
 */
export async function readSigma(places: readonly string[], io: Io): Promise<SigmaInput> {
  const files: { name: string; digest: Digest }[] = [];
  const diagnostics: Diagnostic[] = [];
  const documents: SigmaDocument[] = [];
  for (const { path, name } of await filesOf(places)) {
    io.signal.throwIfAborted();
    const bytes = await bytesOf(path, io);
    if (bytes === undefined) {
      diagnostics.push(fault(name, `a file of more than ${LARGEST} bytes is not read`));
      continue;
    }
    files.push({ name, digest: digestOf(bytes) });
    try {
      documents.push(...parsed(bytes).map((document) => ({ source: name, document })));
    } catch (cause) {
      diagnostics.push(fault(name, `not judged, since it is no YAML that is read here: ${messageOf(cause)}`));
    }
  }
  const { rules, skipped } = sigmaRules(documents, (slow) => {
    diagnostics.push(slow);
    io.err(`${faultText(slow)}\n`);
  });
  diagnostics.push(...skipped);
  tell(rules.length, diagnostics, io);
  return { rules, files, diagnostics };
}

/** In the order of their paths, so that a record of the run is the same anywhere. */
async function filesOf(places: readonly string[]) {
  const found: { path: string; name: string }[] = [];
  for (const place of places) {
    const files = await ruleFilesAt(place, (name) => /\.ya?ml$/.test(name), MOST_FILES);
    found.push(...files);
    if (found.length > MOST_FILES)
      throw cliError('ERR_USAGE_ARGUMENT', `--sigma takes at most ${MOST_FILES} files of rules`);
    if (files.length === 0)
      throw cliError('ERR_USAGE_ARGUMENT', `there is no file that ends in .yml or .yaml in ${harmless(place)}`);
  }
  return found;
}

/** Undefined for one that is too large. */
async function bytesOf(path: string, io: Io): Promise<Uint8Array | undefined> {
  await using file = await openFileSource(path);
  if (file.size > LARGEST) return undefined;
  return await readAll(file, { limit: LARGEST, signal: io.signal });
}

/** Plain objects. Throws for what is no YAML, and for aliases that would make much of little. */
function parsed(bytes: Uint8Array): readonly unknown[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const documents = [...parseAllDocuments(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true })];
  return documents.map((document) => {
    const [first] = document.errors;
    if (first) throw first;
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
  });
}

function fault(source: string, message: string): Diagnostic {
  return { id: 'sigma-file-skipped', severity: 'warning', source, message };
}

function faultText({ source, message }: Diagnostic): string {
  return `${harmless(source)}: ${harmless(message)}`;
}

function tell(judged: number, skipped: readonly Diagnostic[], io: Io): void {
  for (const each of skipped.slice(0, TOLD)) io.err(`${faultText(each)}\n`);
  const more = skipped.length > TOLD ? ` (${skipped.length - TOLD} of them not named here, but in --output json)` : '';
  io.err(`--sigma: ${judged} rules judged, ${skipped.length} skipped${more}\n`);
}
