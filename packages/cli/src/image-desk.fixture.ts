/** `stillframe image` in this process, with the streams of the command held. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { encodeCapture, evidencePath } from '@stillframe/evidence';
import { Command } from 'commander';
import { image } from './commands/image.ts';
import type { Io } from './io.ts';

export const FIXTURE = fileURLToPath(new URL('../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface Desk {
  at(name: string): string;
  /** Throws what the command throws. */
  run(...args: string[]): Promise<Ran>;
  json<T>(...args: string[]): Promise<T & Ran>;
  /** A file below the folder, which is also the home; its path. */
  write(name: string, text: string): Promise<string>;
}

export async function atDesk(use: (desk: Desk) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const run: Desk['run'] = async (...args) => {
    const ran: Ran = { code: 0, out: '', err: '' };
    const io = {
      out: (text: string) => (ran.out += text),
      err: (text: string) => (ran.err += text),
      env: { HOME: folder.path },
      interactive: false,
      signal: new AbortController().signal,
    } as unknown as Io;
    const program = new Command().exitOverride();
    image(program, io, (code) => (ran.code = code ?? 0));
    await program.parseAsync(['image', ...args], { from: 'user' });
    return ran;
  };
  const json: Desk['json'] = async (...args) => {
    const ran = await run(...args);
    return { ...JSON.parse(ran.out), ...ran };
  };
  const at = (name: string) => join(folder.path, name);
  const write = async (name: string, text: string) => {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
    return at(name);
  };
  await use({ at, run, json, write });
}

/** The evidence that a capture would have written beside `archive`. */
export async function writeEvidence(archive: string, digest = ''): Promise<string> {
  const found = digestOf(await readFile(archive));
  const text = encodeCapture({
    archive: { name: 'captured.tar', digest: digest === '' ? found : `sha256:${digest}`, size: 1 },
    container: { id: 'c', name: 'counter', podName: 'p', kubeNamespace: 'n', image: 'i', imageID: 'd' },
    versions: { stillframe: '0', ociRuntime: 'runc', criu: '4.2' },
    node: { hostname: 'h', kernel: 'k' },
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:01Z',
    pause: { truePause: 5, dump: 3, rootfsDiff: 1 },
    options: {},
    notCaptured: [],
  });
  await writeFile(evidencePath(archive), text);
  return found;
}
