/** The command as a user runs it: a process of its own, with streams and an exit code, in folders that are fresh. */
import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';

export const PROGRAM = fileURLToPath(new URL('../bin/stillframe.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  milliseconds: number;
}

export interface Desk {
  /** The working folder of every command. */
  work: string;
  run(...args: string[]): Promise<Ended>;
  /** Names of everything in the working and the temporary folder. */
  left(): Promise<string[]>;
}

/** A fresh working folder and a fresh folder for temporary files. */
export async function atDesk(use: (desk: Desk) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const [work, temporary] = [join(folder.path, 'work'), join(folder.path, 'tmp')];
  await mkdir(work);
  await mkdir(temporary);
  // Compiled code is kept where all commands find it, outside of what is looked at: it is most of a start.
  const cache = process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache');
  const env = { PATH: process.env['PATH'], HOME: work, TMPDIR: temporary, NODE_COMPILE_CACHE: cache };
  await use({
    work,
    left: async () => [...(await readdir(work)), ...(await readdir(temporary))].sort(),
    async run(...args) {
      const begin = performance.now();
      const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const text = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => {
        text.stdout += String(chunk);
      });
      child.stderr.on('data', (chunk) => {
        text.stderr += String(chunk);
      });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      return { code, ...text, milliseconds: performance.now() - begin };
    },
  });
}
