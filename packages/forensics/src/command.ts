/** How a process was called, in one line of raw text, without what looks secret. */
import { redactArguments } from '@stillframe/core';
import type { ProcessRow } from './analysers/processes.ts';

/** Characters that are kept: a forger's process has as many arguments as he likes. */
const LONGEST = 4096;

/** Arguments as a shell would need them; the name in brackets where they are not known. */
export function commandOf({ name, arguments: called }: Pick<ProcessRow, 'name' | 'arguments'>): string {
  if (called === undefined || called.length === 0) return `[${name ?? '?'}]`;
  const text = redactArguments(called).map(word).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function word(argument: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
