/** Cores against crit, CRIU's own reader of images: the same mappings with the same files, and the same registers. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { crit, needs } from '@stillframe/testkit';
import { openCheckpoint } from '../checkpoint.ts';
import { imageFiles } from '../image-sets.ts';
import { planCore } from './core-file.ts';
import { type ReadCore, readCore } from './core-reader.fixture.ts';
import { NoteType } from './note.ts';

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await crit(...args);
  assert.equal(code, 0, stderr.toString());
  return stdout.toString();
}

/** `start-end protection file+offset` of every mapping of a file, by the core alone. */
function mappedFiles({ notes, segments }: ReadCore): string[] {
  const note = notes.find(({ type }) => type === NoteType.FILE)?.content ?? assert.fail();
  const count = Number(note.readBigUInt64LE(0));
  const names = note.toString('utf8', 16 + 24 * count).split('\0');
  return Array.from({ length: count }, (_, index) => {
    const [start = 0n, end = 0n, page = 0n] = [0, 8, 16].map((offset) =>
      note.readBigUInt64LE(16 + 24 * index + offset),
    );
    const flags = segments.find(({ vaddr }) => vaddr === start)?.flags ?? assert.fail();
    const protection = `${flags & 4 ? 'r' : '-'}${flags & 2 ? 'w' : '-'}${flags & 1 ? 'x' : '-'}`;
    return `${start.toString(16)}-${end.toString(16)} ${protection} ${names[index]}+${page * 4096n}`;
  });
}

test('crit lists the mapped files and the registers of redis as its core has them', needs('crit'), async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await using checkpoint = await openCheckpoint(
    fileURLToPath(new URL('../../fixtures/podman-redis.tar', import.meta.url)),
  );
  const files = imageFiles(checkpoint.archive);
  for (const name of files.names()) {
    const source = files.open(name) ?? assert.fail();
    await writeFile(join(folder.path, name), await readAll(source, { limit: 64 << 20 }));
  }
  const planned = await planCore(checkpoint.images, 6);
  const file = Buffer.alloc(planned.size);
  for await (const { offset, bytes } of planned.parts()) file.set(bytes, offset);
  const core = readCore(file);

  const listed = (await printed('x', folder.path, 'mems')).split(/^\d+\n?/m);
  const redis = listed.find((part) => part.includes('redis-check-rdb')) ?? assert.fail(listed.join('---'));
  const lines = redis.matchAll(/^\s*([0-9a-f]+-[0-9a-f]+)\s+(\S+) (\/\S+)(?: \+ 0x([0-9a-f]+))?$/gm);
  const expected = [...lines].map(
    ([, at, prot, path, offset]) => `${at} ${prot} ${path}+${Number.parseInt(offset ?? '0', 16)}`,
  );
  assert.ok(expected.length > 50);
  assert.deepEqual(mappedFiles(core), expected);

  const statuses = core.notes.filter(({ type }) => type === NoteType.PRSTATUS).map(({ content }) => content);
  assert.equal(statuses.length, 6);
  for (const status of statuses) {
    const decoded = await printed('decode', '-i', join(folder.path, `core-${status.readUInt32LE(32)}.img`));
    const numbers =
      /"gpregs": \{([^}]*)\}/.exec(decoded)?.[1]?.matchAll(/"\w+": "?(\d+|0x[0-9a-f]+)/g) ?? assert.fail();
    assert.deepEqual(
      Array.from({ length: 27 }, (_, index) => status.readBigUInt64LE(112 + 8 * index)),
      [...numbers].map(([, number]) => BigInt(number ?? '')),
    );
  }
});
