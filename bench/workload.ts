/** What the contests play on: containers of so much touched memory, which tell from inside how long they stood still. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '@stillframe/demo/stage';

/** Stands in the memory of every workload, once. */
export const NEEDLE = 'stillframe-bench-needle';
/** Where the folder of the program and its probe is in the container. */
export const INSIDE = '/bench';

/** The program, compiled without libraries of its own, in a folder that is to be mounted at INSIDE. */
export async function buildBallast(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const source = join(import.meta.dirname, 'programs/ballast.c');
  await execute(['gcc', '-O2', '-static', '-o', join(folder, 'ballast'), source]);
}

/** The command of a container of `mebibytes` whose probe has this name. */
export function ballastOf(mebibytes: number, probe: string): string[] {
  return [`${INSIDE}/ballast`, String(mebibytes), `${INSIDE}/${probe}`];
}

/** The shared file of one container. */
export class Probe {
  readonly #path: string;

  constructor(folder: string, name: string) {
    this.#path = join(folder, name);
  }

  /** Waits until all memory is touched. */
  async ready(): Promise<void> {
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await delay(50)) {
      const bytes = await readFile(this.#path).catch(() => Buffer.alloc(0));
      if (bytes.length >= 24 && bytes.readBigUInt64LE(16) === 1n) return;
    }
    throw new Error('the workload was not ready within two minutes');
  }

  /** Milliseconds that the container stood still at most while `work` was done. */
  async pauseOf(work: () => Promise<unknown>): Promise<number> {
    await using file = await open(this.#path, 'r+');
    await delay(20);
    await file.write(Buffer.alloc(8), 0, 8, 8);
    await work();
    // What it measures ends with its next write.
    await delay(20);
    const gap = Buffer.alloc(8);
    await file.read(gap, 0, 8, 8);
    return Number(gap.readBigUInt64LE()) / 1e6;
  }
}
