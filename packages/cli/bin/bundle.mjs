/**
 * The bundle of the command: all of its sources in a few files, which start in a fraction of the time. The set-up makes it
 * (`setup/bundle.mjs`); it runs only while every source that the command may load still is the file that it was made of.
 */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of bundles, each in a folder of its own, and in it the file that names the one that was made last. */
export const bundles = fileURLToPath(new URL('../dist/bundle/', import.meta.url));
export const CURRENT = 'current';
/** Names of the lists of sources: what is loaded before any command, and all there are. A command's has its name. */
export const LISTS = { begin: '-begin', all: '-all' };
const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The folder of the current bundle, with a slash at its end; undefined where there is none, or where a source has changed
 * since that the command with these words may load. Without words all sources count.
 */
export function currentBundle(words) {
  try {
    const folder = `${bundles}${readFileSync(bundles + CURRENT, 'latin1')}/`;
    const files = JSON.parse(readFileSync(`${folder}${words ? listFor(words, folder) : LISTS.all}.json`, 'utf8'));
    return files.every(([path, state]) => stateOf(path) === state) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** The command is the first word that is no option, as `program.ts` has it. */
function listFor(words, folder) {
  const command = words.find((word) => !word.startsWith('-'));
  if (command === undefined) return LISTS.begin;
  const isKnown = /^[a-z][a-z-]*$/.test(command) && statSync(`${folder}${command}.json`, { throwIfNoEntry: false });
  return isKnown ? command : LISTS.all;
}

/**
 * What tells that a file of the project is as it was: its size, and when it was last changed in any way, by a clock that
 * nobody sets back. Undefined where it is not there.
 */
export function stateOf(path) {
  const stat = statSync(root + path, { throwIfNoEntry: false });
  return stat && `${stat.size} ${stat.ctimeMs}`;
}
