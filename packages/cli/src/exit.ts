/** Exit codes, and how an error is told. */
import {
  type Diagnostic,
  harmless,
  messageOf,
  StillframeError,
  typedSystemError,
  unsuppressed,
} from '@stillframe/core';
import type { Io } from './io.ts';
import { atPlace } from './place-hint.ts';
import { stackOfSources } from './stack.ts';

/** 0 ok, 1 failed, 2 usage, 3 findings, 4 evidence partial, 130 interrupted. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, findings: 3, partial: 4, interrupted: 130 } as const;

/** The exit code of a command that read evidence, by what it found wrong with it. */
export function evidenceCode(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.some(({ severity }) => severity === 'error') ? exitCodes.partial : exitCodes.ok;
}

/** An error's exit code. */
export function exitCodeOf(thrown: unknown): number {
  const error = unsuppressed(thrown);
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  return isUsage(error) ? exitCodes.usage : exitCodes.failed;
}

/** Codes of what is written on the command line, beside those that begin with ERR_USAGE_. */
const USAGE: ReadonlySet<string> = new Set([
  ...['ERR_OCI_REFERENCE_INVALID', 'ERR_REFERENCE_INCOMPLETE', 'ERR_FORENSICS_REFERENCE', 'ERR_DIGEST_INVALID'],
  ...['ERR_SEARCH_PATTERN_INVALID', 'ERR_SEARCH_FILTER', 'ERR_FORENSICS_YARA_RULES', 'ERR_FORENSICS_RULE_UNKNOWN'],
]);

/** What the user wrote wrongly, as against what failed. */
function isUsage(error: unknown): boolean {
  if (!StillframeError.is(error)) return false;
  return error.code.startsWith('ERR_USAGE_') || USAGE.has(error.code);
}

/**
 * The fact, the code, and what to do next; a defect of ours shows its stack. `argv`: what the command was given, so that
 * a command that is advised speaks to the same node.
 */
export function printError(io: Pick<Io, 'err'>, thrown: unknown, argv: readonly string[] = []): void {
  const error = unsuppressed(thrown);
  const told = StillframeError.is(error) ? error : typedSystemError(error);
  if (told) {
    io.err(`stillframe: ${lines(told.message)}  [${codeOf(told)}]\n`);
    if (told.hint) io.err(`  ${lines(atPlace(told.hint, argv))}\n`);
  } else if (error instanceof Error && error.name === 'AbortError') {
    io.err('stillframe: interrupted\n');
  } else {
    const stack = error instanceof Error && error.stack ? stackOfSources(error.stack) : messageOf(error);
    io.err(`stillframe: ${stack.split('\n').map(harmless).join('\n')}\n`);
  }
}

/** The code of the node where it came from there: it says more than that a call failed. */
function codeOf(error: StillframeError): string {
  const remote = error.details['remoteCode'];
  return typeof remote === 'string' && /^ERR_[A-Z_]+$/.test(remote) ? remote : error.code;
}

function lines(text: string): string {
  return text.split('\n').map(harmless).join('\n  ');
}
