/** The npm part of the set-up: node_modules as package-lock.json says. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fullPath, loudly, say } from './programs.mjs';

/** Whether node_modules of the project folder `root` is what its package-lock.json asks for. */
export function npmIsComplete(root) {
  const lock = read(join(root, 'package-lock.json'));
  const installed = read(join(root, 'node_modules/.package-lock.json'));
  if (lock === undefined || installed === undefined) return false;
  const recorded = read(recordOf(root));
  if (recorded !== undefined) return recorded === hash(lock);
  // Installed by hand: compared once, package by package, and recorded.
  if (!agree(lock, installed)) return false;
  record(root);
  return true;
}

/** Runs `npm ci`. Returns whether it succeeded; npm's own words are on stderr. */
export function installNpm(root) {
  say('installing the npm packages of package-lock.json (npm ci)');
  const args = ['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'];
  const script = process.env.npm_execpath;
  const [program, first] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const code = loudly(program, [...first, ...args], { cwd: root, env: { ...process.env, PATH: fullPath() } });
  if (code === 0) record(root);
  return code === 0;
}

const recordOf = (root) => join(root, 'node_modules/.stillframe-lock-hash');
const hash = (text) => createHash('sha256').update(text).digest('hex');

function record(root) {
  try {
    writeFileSync(recordOf(root), hash(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  } catch {
    // Only a shortcut: without it (a read-only checkout) the next set-up compares again.
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether every installed package is the locked one, and what is locked and not installed is optional. */
function agree(lock, installed) {
  const wanted = JSON.parse(lock).packages ?? {};
  const found = JSON.parse(installed).packages ?? {};
  const same = (name) =>
    wanted[name]?.version === found[name].version && wanted[name]?.integrity === found[name].integrity;
  return (
    Object.keys(found).every(same) &&
    Object.keys(wanted).every((name) => name === '' || name in found || wanted[name].optional === true)
  );
}
