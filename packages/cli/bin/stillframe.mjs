#!/usr/bin/env node
// The entry point. Node.js 24 runs the bundle, or the TypeScript as it is; an older one hands over to the copy that npm installed.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { currentBundle } from './bundle.mjs';

const WANTED = 24;
// What the desk throws away is to go soon, rather than once a hundred megabytes of it lie there: it stays open for days. Only at its start
// can Node.js be told.
const FRUGAL = ['--max-semi-space-size=2', '--heap-growing-percent=40'];

if (Number(process.versions.node.split('.')[0]) >= WANTED) {
  if (process.argv[2] === 'ui' && !FRUGAL.every((flag) => process.execArgv.includes(flag))) beginAgain();
  const bundle = currentBundle(process.argv.slice(2));
  // Compiled and type-stripped code is kept between runs, which halves the start.
  module.enableCompileCache?.();
  if (bundle !== undefined) module.registerHooks?.({ resolve: resolverFor(pathToFileURL(bundle).href) });
  await import(bundle === undefined ? '../src/main.ts' : `${bundle}main.mjs`);
} else {
  await handOver();
}

/**
 * Says at once what the files of the bundle at `folder` import, each other and modules of Node.js. It would be looked up
 * name by name otherwise, which takes as long as running the rest of a short command.
 */
function resolverFor(folder) {
  return (name, context, next) => {
    if (!context.parentURL?.startsWith(folder)) return next(name, context);
    if (name.startsWith('node:')) return { url: name, format: 'builtin', shortCircuit: true };
    return name.startsWith('./')
      ? { url: folder + name.slice(2), format: 'module', shortCircuit: true }
      : next(name, context);
  };
}

/** The same command in the same process, with flags. Where that cannot be done it goes on without. */
function beginAgain() {
  // The call is new, which is no news for whoever calls the command.
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...FRUGAL, ...process.argv.slice(1)]);
  } catch {
    // As on systems that do not have it.
  } finally {
    process.emitWarning = warn;
  }
}

/** Runs the command on the node of this project, and ends as it does. */
async function handOver() {
  const node = findNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    process.stderr.write(
      `stillframe needs Node.js ${WANTED}; this is ${process.versions.node}. Run \`npm ci\`, which brings one.\n`,
    );
    process.exit(1);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

/** The node that npm links beside the other programs of this project. */
function findNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
