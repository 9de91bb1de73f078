/** Running our command line as a user does: how long it takes, and how much memory it needs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../packages/cli/bin/stillframe.mjs', import.meta.url));

/** An argument vector. */
export function stillframe(...args: readonly string[]): string[] {
  return [process.execPath, PROGRAM, ...args];
}

export interface Ran {
  readonly milliseconds: number;
  /** Most memory that it had at a time, in MiB, as the kernel counted. */
  readonly mebibytes: number;
}

/** Milliseconds between two looks at the memory. */
const LOOK = 10;

/** Runs a program whose output nobody reads. Throws where it fails. */
export async function runOnce(argv: readonly string[]): Promise<Ran> {
  const [program = '', ...args] = argv;
  const begin = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  let peak = 0;
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
  }, LOOK);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with code ${code}: ${said.slice(-500)}`);
  return { milliseconds: performance.now() - begin, mebibytes: peak / 1024 };
}
