/** A kubelet's folder on disk, for the command as a process of its own. */

import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import { type Digest, digestSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { archiveName } from '@stillframe/kubelet/names';
import { type Ended, PROGRAM } from '../desk.fixture.ts';
import { FIXTURE } from '../image/desk.fixture.ts';

export interface KubeletFolder {
  /** Holds the other two; the home of commands. */
  readonly root: string;
  readonly folder: string;
  readonly state: string;
  /** A small archive; its name. */
  archive(pod: string): Promise<string>;
  /** One with so many bytes more, which no two share. */
  large(pod: string, bytes: number): Promise<string>;
  /** A file below root; its path. */
  write(name: string, text: string): Promise<string>;
  names(): Promise<string[]>;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Omit<Ended, 'milliseconds'>>;
}

export async function inKubeletFolder(use: (folder: KubeletFolder) => Promise<void>): Promise<void> {
  await using root = await openTemporaryFolder(tmpdir(), 'collect');
  const [folder, state] = ['checkpoints', 'state'].map((name) => join(root.path, name)) as [string, string];
  await mkdir(folder);
  const nameOf = (pod: string) => archiveName({ kubeNamespace: 'default', pod, container: 'counter' }, new Date());
  await use({
    root: root.path,
    ...{ folder, state },
    async archive(pod) {
      await copyFile(FIXTURE, join(folder, nameOf(pod)));
      return nameOf(pod);
    },
    async large(pod, bytes) {
      await using source = await openCheckpoint(FIXTURE);
      const entries: WriterEntry[] = [...source.archive.entries.values()]
        .filter(({ kind }) => kind === 'file')
        .map(({ name }) => ({ name, mode: 0o600, body: source.archive.open(name) }));
      const more = new Uint32Array(bytes / 4).map((_, index) => Math.imul(index, 2654435761));
      const body = new Uint8Array(more.buffer);
      const name = nameOf(pod);
      await writeArchive(join(folder, name), [...entries, { name: 'more', mode: 0o600, body }], { mtime: 0 });
      return name;
    },
    async write(name, text) {
      await writeFile(join(root.path, name), text, { mode: 0o600 });
      return join(root.path, name);
    },
    names: async () => (await readdir(folder)).sort(),
    run: (args, env = {}) => runProgram(root.path, args, env),
  });
}

async function runProgram(
  root: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<Omit<Ended, 'milliseconds'>> {
  const env = { PATH: process.env['PATH'], HOME: root, TMPDIR: root, ...more };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    text.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text.stderr += String(chunk);
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, ...text };
}

export async function digestOfFile(path: string): Promise<Digest> {
  await using source = await openFileSource(path);
  return await digestSource(source);
}
