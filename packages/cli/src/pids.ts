/** `--pid`: which processes are meant, checked against those that the checkpoint holds. */
import type { Process } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { cliError } from './usage.ts';

/** Gathers the values of a repeated `--pid`; commas part a list. */
export function collectPids(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(',')];
}

/** Undefined for all. Throws ERR_USAGE_ARGUMENT, and ERR_PROCESS_NOT_FOUND: an empty answer would look like a finding. */
export function pidsOf(
  texts: readonly string[] | undefined,
  processes: readonly Process[],
): ReadonlySet<number> | undefined {
  if (!texts) return undefined;
  const known = new Set(processes.map(({ pid }) => pid));
  for (const text of texts) {
    if (!/^\d+$/.test(text)) throw cliError('ERR_USAGE_ARGUMENT', `--pid takes numbers, not ${JSON.stringify(text)}`);
    if (known.has(Number(text))) continue;
    const some = [...known].slice(0, 20).join(', ');
    throw cliError('ERR_PROCESS_NOT_FOUND', `the checkpoint holds no process ${text}`, {
      hint: `it holds ${some || 'none that can be read'}${known.size > 20 ? ' and more' : ''}`,
    });
  }
  return new Set(texts.map(Number));
}

/** Which processes there are to choose from, for the hint of an error. Harmless. */
export function pidsHint(processes: readonly Process[]): string {
  const some = processes.slice(0, 20).map(({ pid, comm }) => `${pid} (${harmless(comm ?? '?')})`);
  return `it holds ${some.join(', ') || 'none that can be read'}${processes.length > 20 ? ' and more' : ''}`;
}
