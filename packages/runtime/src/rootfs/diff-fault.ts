/** What is wrong with a captured rootfs diff, in this project's own words: GNU tar tells it in a program's. */
import { harmless, messageOf, StillframeError } from '@stillframe/core';

/** Characters of an entry's name that are shown. */
const LONGEST = 200;

/** `cause`: what unpacking threw. Names the entry where one was met, and the kind of fault; harmless text. */
export function diffFault(cause: unknown): string {
  if (!StillframeError.is(cause)) return 'it cannot be read';
  // The archive's reader says it in words of ours.
  if (cause.code !== 'ERR_PROCESS_FAILED') return harmless(messageOf(cause).slice(0, 2 * LONGEST));
  const { stderr } = cause.details;
  const lines = (typeof stderr === 'string' ? stderr : messageOf(cause)).split('\n');
  for (const line of lines) {
    const fault = faultOf(line);
    if (fault !== undefined) return fault;
  }
  return 'it is damaged';
}

function faultOf(line: string): string | undefined {
  if (/does not look like a tar archive/.test(line)) return 'rootfs-diff.tar is no tar archive';
  if (/Unexpected EOF/.test(line)) return 'rootfs-diff.tar ends too early';
  const [, name = '', what = ''] = /^tar: (.{1,8192}): (Member name contains|Cannot .*|Malformed .*)/.exec(line) ?? [];
  if (what === '') return undefined;
  const entry = `its entry ${JSON.stringify(harmless(name.slice(0, LONGEST)))}`;
  if (what.startsWith('Member name')) return `${entry} has \`..\` in its name`;
  const [, verb = '', why = ''] = /^Cannot ([\w ]+?)(?: to .*)?: ([\w ,()-]+)$/.exec(what) ?? [];
  return verb === '' ? `${entry} cannot be unpacked` : `${entry} cannot be unpacked (${verb}: ${why})`;
}
