#!/usr/bin/env node
/**
 * What the root npm scripts call: the set-up, then the script itself on the project's own Node.js.
 * `node setup/launch.mjs demo|test|check|gen|bench [arguments…]`. Nothing but the script writes to stdout.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fullPath, isExecutable } from './programs.mjs';
import { projectRoot, setUp } from './setup.mjs';

/** The oldest Node.js that runs TypeScript as this project writes it. */
const OLDEST_NODE = 24;

/** `host`: whether the script makes checkpoints, and so needs more than npm packages and the command to start quickly; `peers`: whether it runs others' programs beside ours. */
const TARGETS = {
  demo: { words: ['packages/demo/src/main.ts'], host: true },
  test: { words: ['scripts/test.ts'], host: true, peers: true },
  check: { words: ['scripts/check.ts'], host: false },
  gen: { words: ['scripts/gen.ts'], host: false },
  bench: { words: ['scripts/bench.ts'], host: true, peers: true },
};

process.exitCode = await launch(process.argv[2], process.argv.slice(3));

async function launch(name, args) {
  const target = Object.hasOwn(TARGETS, name ?? '') ? TARGETS[name] : undefined;
  if (!target) {
    process.stderr.write(`usage: node setup/launch.mjs ${Object.keys(TARGETS).join('|')} [arguments…]\n`);
    return 2;
  }
  const code = await setUp({ host: target.host, peers: target.peers, bundle: target.host });
  if (code !== 0) return code;
  const node = ownNode();
  if (!node) {
    process.stderr.write(
      `this project needs Node.js ${OLDEST_NODE} or later: npm has no copy for ${process.platform}-${process.arch} ` +
        `here, and this one is ${process.version}\n`,
    );
    return 1;
  }
  const [script, ...first] = target.words;
  return spawned(node, [join(projectRoot, script), ...first, ...args]);
}

/** The Node.js that npm brought with the project, or this one where it is recent enough. */
function ownNode() {
  const brought = join(projectRoot, 'node_modules/.bin/node');
  if (isExecutable(brought)) return brought;
  return Number(process.versions.node.split('.')[0]) >= OLDEST_NODE ? process.execPath : undefined;
}

/** Runs the script to its end and gives its exit code, 128 + n where signal n ended it. */
function spawned(node, words) {
  const env = { ...process.env, PATH: [join(projectRoot, 'node_modules/.bin'), fullPath()].join(delimiter) };
  const child = spawn(node, words, { stdio: 'inherit', env });
  // On a terminal Ctrl-C reaches the script by itself; a second one would mean "at once".
  const onTerminal = process.stdin.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => onTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`cannot run ${node}: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
