/** `stillframe image` in this process, with the streams of the command held. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { type Digest, digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openAddressSpace, VmaStatus } from '@stillframe/criu-image';
import { encodeCapture, evidencePath } from '@stillframe/evidence';
import { Command } from 'commander';
import { image } from '../commands/image.ts';
import type { Io } from '../io.ts';

export const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

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
    const ran = await run(...args, '--output', 'json');
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
  const names = { name: 'counter', podName: 'p', kubeNamespace: 'n' };
  const text = captureText({ digest: digest === '' ? found : `sha256:${digest}`, size: 1 }, names);
  await writeFile(evidencePath(archive), text);
  return found;
}

/** Evidence of an archive and a container. */
export function captureText(
  archive: { digest: Digest; size: number },
  container: { name: string; podName: string; kubeNamespace: string },
): string {
  return encodeCapture({
    archive: { name: 'captured.tar', ...archive },
    container: { id: 'c', image: 'i', imageID: 'd', ...container },
    versions: { stillframe: '0', ociRuntime: 'runc', criu: '4.2' },
    node: { hostname: 'h', kernel: 'k' },
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:01Z',
    pause: { truePause: 5, dump: 3, rootfsDiff: 1 },
    options: {},
    notCaptured: [],
  });
}

/** The fixture with that many stored pages of its processes' private anonymous memory written over with zeroes. */
export async function writeWithZeroes(path: string, count: number): Promise<void> {
  await copyFile(FIXTURE, path);
  await using source = await openCheckpoint(FIXTURE);
  await using file = await open(path, 'r+');
  let done = 0;
  for (const pid of source.images.ids('mm')) {
    const space = await openAddressSpace(source.images, pid);
    for (const { start, end, status } of space?.vmas ?? []) {
      if (status !== (VmaStatus.REGULAR | VmaStatus.ANON_PRIVATE)) continue;
      for (let at = start; at < end && done < count; at += 4096n) {
        const [part] = (await space?.stored(at, 4096)) ?? [];
        if (!part) continue;
        const { offset = 0 } = source.archive.entries.get(`checkpoint/pages-${part.pagesId}.img`) ?? {};
        await file.write(Buffer.alloc(4096), 0, 4096, offset + part.offset);
        done += 1;
      }
    }
  }
  assert.equal(done, count, 'the fixture has that many');
}
