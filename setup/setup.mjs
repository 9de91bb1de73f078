#!/usr/bin/env node
/**
 * Finds what this project lacks on this machine and installs it: npm packages, host programs, a CRIU that works; and makes
 * the bundle of the command.
 * `node setup/setup.mjs [--yes] [--check] [--peers]`; says nothing where all is there.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installPackages, missingPackages, whyNoPackages } from './host-packages.mjs';
import { withLock } from './lock.mjs';
import { installNpm, npmIsComplete } from './npm-packages.mjs';
import { installPeer, missingPeers, peersHome } from './peers.mjs';
import { criuHome, criuIsComplete, installCriu } from './private-criu.mjs';
import { say } from './programs.mjs';

/** The project's folder. */
export const projectRoot = realpathSync(fileURLToPath(new URL('..', import.meta.url)));

/**
 * Brings what is missing. `host: false` leaves the host alone, `peers` brings the programs of others that tests compare
 * with too, `bundle: false` leaves the command to its sources, `yes` asks nothing, `check` only says what is missing.
 * Returns an exit code: 1 where the npm packages could not be had, or where `check` found something missing.
 */
export async function setUp({ host = true, peers = false, bundle = true, yes = false, check = false } = {}) {
  const npm = !npmIsComplete(projectRoot);
  const linux = host && process.platform === 'linux';
  const missing = {
    packages: host ? missingPackages({ peers }) : [],
    criu: linux && !criuIsComplete(),
    peers: linux && peers ? missingPeers() : [],
  };
  const ofHost = missing.packages.length > 0 || missing.criu || missing.peers.length > 0;
  if (check) return npm || ofHost ? listed(npm, missing) : 0;
  if (npm && !(await npmPart())) return 1;
  // Loaded here: it needs npm packages.
  if (bundle) await (await import('./bundle.mjs')).makeBundle();
  if (ofHost) await hostPart(missing, yes);
  return 0;
}

async function npmPart() {
  const name = createHash('sha256').update(projectRoot).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `stillframe-setup-${process.getuid?.() ?? 0}-${name}.lock`);
  const done = await withLock(lock, () => npmIsComplete(projectRoot) || installNpm(projectRoot));
  if (!done) say('`npm ci` failed (its words are above); without it nothing of this project runs');
  return done;
}

async function hostPart(missing, yes) {
  const why = whyNoPackages();
  if (why) {
    const names = [
      ...missing.packages.map((row) => row.package),
      ...(missing.criu ? ['CRIU 4.2 or later'] : []),
      ...missing.peers.map((row) => row.what),
    ];
    say(`${why}: not installed: ${names.join(', ')}. Reading checkpoints works; making them needs these and root.`);
    return;
  }
  if (!(await agreed(missing, yes))) {
    say('nothing installed on this machine. Reading checkpoints works; making them needs what is listed.');
    return;
  }
  for (const row of missing.packages.length > 0 ? installPackages(missing.packages) : []) {
    say(`${row.package} could not be installed: ${row.without}`);
  }
  const failed = missing.criu ? await installCriu() : undefined;
  if (failed) say(`no private CRIU: ${failed}. Reading checkpoints works; making them does not.`);
  for (const row of missing.peers) {
    const reason = await installPeer(row);
    if (reason) say(`no ${row.what}: ${reason}. Tests with it are skipped.`);
  }
}

/** Shows what is to be installed and, on a terminal, asks. */
async function agreed(missing, yes) {
  listed(false, missing);
  if (yes || process.env.STILLFRAME_YES === '1' || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  return /^y(es)?$/i.test(await answerTo('Install these on this machine? [y/N] '));
}

/** What is typed on the terminal; nothing where its input ends. Ctrl-C ends the set-up. */
function answerTo(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on('SIGINT', () => process.exit(130));
  return new Promise((resolve) => {
    terminal.on('close', () => resolve(''));
    terminal.question(question, (answer) => {
      resolve(answer.trim());
      terminal.close();
    });
  });
}

function listed(npm, { packages, criu, peers }) {
  if (npm) say('missing: npm packages of package-lock.json, into node_modules');
  if (packages.length > 0) say(`missing: system packages ${packages.map((row) => row.package).join(' ')}`);
  if (criu) say(`missing: a CRIU that works with this kernel; a private copy goes into ${criuHome()}`);
  for (const row of peers) say(`missing: ${row.what}, to test against; a private copy goes into ${peersHome()}`);
  return 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const unknown = words.find((word) => !['--yes', '--check', '--peers'].includes(word));
  if (unknown) {
    process.stderr.write(`unknown option ${unknown}\nusage: node setup/setup.mjs [--yes] [--check] [--peers]\n`);
    process.exitCode = 2;
  } else {
    process.exitCode = await setUp(Object.fromEntries(words.map((word) => [word.slice(2), true])));
  }
}
