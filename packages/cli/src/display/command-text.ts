/** How a process is called in one line; harmless. */
import type { Texts } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';

/** Blanks that are shown as they are. */
const FEW = 3;

/**
 * Arguments as a shell would need them, so that spaces inside one are seen; `<17 blanks>`, without quotes, for what a process
 * leaves behind its title.
 */
export function quoted(argument: string): string {
  if (argument.length > FEW && /^[ \0]+$/.test(argument)) return `<${argument.length} blanks>`;
  const text = harmless(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The arguments; the name in brackets where they are not there, as for a zombie. */
export function commandText(name: string | undefined, found: Texts): string {
  if (found.state === 'absent' || found.values.length === 0) return `[${harmless(name ?? '?')}]`;
  return found.values.map(quoted).join(' ');
}
