#!/usr/bin/env node
/**
 * Makes the bundle of the command, which starts in a fraction of the time that its sources need. Without one, and wherever
 * a source has changed since, the sources run (`packages/cli/bin/bundle.mjs` decides): it is never needed, only quicker.
 * `node setup/bundle.mjs` makes it where there is none that is current, and never fails.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundles, CURRENT, currentBundle, LISTS, stateOf } from '@stillframe/cli/bundle';
import { bundleSources } from './bundled-sources.mjs';
import { say } from './programs.mjs';

/** Bundles that are kept: what started from an earlier one loads the rest of it when that is needed. */
const KEPT = 4;
/** Milliseconds that a source must have rested, so that a change after it was read has another time than it has. */
const REST = 50;
const TRIES = 5;

/** Makes the bundle where none is current. Says in one line why there is none. */
export async function makeBundle() {
  try {
    if (currentBundle() === undefined) await make();
  } catch (error) {
    say(`no bundle of the command, so it starts more slowly: ${String(error?.message).split('\n')[0]}`);
  }
}

async function make() {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const begin = Date.now();
    const { files, lists } = await bundleSources();
    const states = new Map(lists.get(LISTS.all).map((path) => [path, stateOf(path)]));
    const haveRested = [...states.values()].every((state) => Number(state?.split(' ')[1]) < begin - REST);
    if (haveRested) return publish(files, lists, states);
    // Somebody is at work on the sources.
    await sleep(REST * 2);
  }
}

/** Writes a bundle under a name made of what is in it, and makes it the current one. */
function publish(files, lists, states) {
  const hash = createHash('sha256');
  for (const [name, bytes] of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  const name = hash.digest('hex').slice(0, 16);
  const folder = join(bundles, name);
  if (existsSync(folder)) utimesSync(folder, new Date(), new Date());
  else place(folder, files);
  for (const [list, paths] of lists) {
    write(join(folder, `${list}.json`), JSON.stringify(paths.map((path) => [path, states.get(path)])));
  }
  write(join(bundles, CURRENT), name);
  removeOld(name);
}

function place(folder, files) {
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  for (const [file, bytes] of files) writeFileSync(join(partial, file), bytes);
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another set-up may have made the same at the same time.
    if (!existsSync(folder)) throw error;
  }
}

/** Whole or not at all, for commands begin at any time. */
function write(path, text) {
  const partial = `${path}.partial-${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

function removeOld(name) {
  const age = (each) => statSync(join(bundles, each), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const others = readdirSync(bundles).filter((each) => /^[0-9a-f]{16}$/.test(each) && each !== name);
  for (const each of others.sort((a, b) => age(b) - age(a)).slice(KEPT - 1)) {
    rmSync(join(bundles, each), { recursive: true, force: true });
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await makeBundle();
