/** Exit codes, and how an error is told. */
import { type Diagnostic, harmless, messageOf, StillframeError, systemCode, unsuppressed } from '@stillframe/core';
import type { Io } from './io.ts';

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

/** What the user wrote wrongly, as against what failed. */
function isUsage(error: unknown): boolean {
  if (!StillframeError.is(error)) return false;
  return error.code.startsWith('ERR_USAGE_') || error.code === 'ERR_OCI_REFERENCE_INVALID';
}

/** The fact, the code, and what to do next; a defect of ours shows its stack. */
export function printError(io: Io, thrown: unknown): void {
  const error = unsuppressed(thrown);
  if (StillframeError.is(error)) {
    io.err(`stillframe: ${lines(error.message)}  [${codeOf(error)}]\n`);
    if (error.hint) io.err(`  ${lines(error.hint)}\n`);
  } else if (error instanceof Error && error.name === 'AbortError') {
    io.err('stillframe: interrupted\n');
  } else if (error instanceof Error && 'syscall' in error) {
    // What the system refused tells all there is to tell; where in our code it was asked helps nobody.
    io.err(`stillframe: ${lines(error.message)}  [${systemCode(error) ?? 'unknown'}]\n`);
  } else {
    const stack = error instanceof Error && error.stack ? error.stack : messageOf(error);
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
