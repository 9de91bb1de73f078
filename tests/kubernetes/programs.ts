/** Programs of the cluster, each with its log in the cluster's folder, ended at once: nothing of them is kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds: a loaded machine takes its time. */
const PATIENCE = 100_000;

/** Starts a program whose output goes to the log. */
export function startLogged(argv: readonly string[], log: string, folder: string): ChildProcess {
  const [program = '', ...words] = argv;
  const output = openSync(log, 'a');
  const child = spawn(program, words, { stdio: ['ignore', output, output], cwd: folder });
  closeSync(output);
  return child;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** Looks again until it is so. Throws with the end of the log of what should have made it so. */
export async function until(what: string, log: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await look().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what}: ${(await readFile(log, 'utf8')).slice(-4000)}`);
    await delay(500);
  }
}

/** The log of a program in a folder. */
export function logOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}
