/** The command as a user runs it, with streams and an exit code, in folders that are fresh: in this process, or in one of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';

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
  /** Runs it in this process, which has loaded its modules (a start is most of what a command takes); one at a time. */
  run(...args: string[]): Promise<Ended>;
  /** Runs it as a process of its own. */
  spawn(...args: string[]): Promise<Ended>;
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
    run: (...args) => runHere(args, { work, temporary }),
    async spawn(...args) {
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

/** A test at a desk of its own. */
export function at(use: (desk: Desk) => Promise<void>): () => Promise<void> {
  return () => atDesk(use);
}

let isBusy = false;

/** The working folder and the environment are those of the process, so that a second one beside it is a fault of the test. */
async function runHere(argv: string[], { work, temporary }: { work: string; temporary: string }): Promise<Ended> {
  assert.ok(!isBusy, 'commands beside one another are processes: spawn them');
  isBusy = true;
  const written: { stdout: Uint8Array[]; stderr: Uint8Array[] } = { stdout: [], stderr: [] };
  const env = { PATH: process.env['PATH'], HOME: work, TMPDIR: temporary };
  const io: Io = {
    out: (text) => void written.stdout.push(Buffer.from(text)),
    write: async (chunk) => void written.stdout.push(Buffer.from(chunk)),
    input: () => Readable.from([]),
    err: (text) => void written.stderr.push(Buffer.from(text)),
    env,
    ...{ colour: false, interactive: false, answering: false, width: 100, argv },
    signal: new AbortController().signal,
  };
  const before = { folder: process.cwd(), HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] };
  const begin = performance.now();
  try {
    process.chdir(work);
    Object.assign(process.env, { HOME: work, TMPDIR: temporary });
    const code = await runProgram([...argv], io);
    const [stdout, stderr] = [written.stdout, written.stderr].map((parts) => Buffer.concat(parts).toString());
    return { code, stdout: stdout ?? '', stderr: stderr ?? '', milliseconds: performance.now() - begin };
  } finally {
    isBusy = false;
    process.chdir(before.folder);
    for (const name of ['HOME', 'TMPDIR'] as const) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
