import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, writeArchive } from '@stillframe/checkpoint';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { NodeContext } from '../context.ts';
import type { ImageRecord } from '../image/image-store.ts';
import { fillUpper } from './lay-files.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

/** What a restore says of the fixture's documents with this diff beside them. */
async function fillFrom(diff: Uint8Array): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const at = (name: string) => join(folder.path, name);
  await using whole = await openCheckpoint(FIXTURE);
  const names = ['spec.dump', 'config.dump', 'checkpoint/inventory.img'];
  const kept = names.map((name) => ({ name, mode: 0o600, body: whole.archive.open(name) }));
  await writeArchive(at('a.tar'), [...kept, { name: 'rootfs-diff.tar', mode: 0o600, body: diff }], { mtime: 0 });
  await mkdir(at('upper'));
  await using checkpoint = await openCheckpoint(at('a.tar'));
  const context = { images: { layersFolder: at('layers') } } as NodeContext;
  await fillUpper(context, checkpoint, { layers: [] } as unknown as ImageRecord, at('upper'));
}

test('changes that cannot be unpacked are the archive’s fault, and why is said in our words', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const tar = join(folder.path, 'diff.tar');
  await writeArchive(tar, [{ name: 'big', mode: 0o600, body: Buffer.alloc(100_000, 1) }], { mtime: 0 });
  const cut = (await readFile(tar)).subarray(0, 50_000);
  for (const [diff, why] of [
    [Buffer.alloc(2048, 'no tar at all '), 'rootfs-diff.tar is no tar archive, plain or compressed'],
    [cut, 'rootfs-diff.tar ends too early'],
  ] as const)
    await assert.rejects(fillFrom(diff), (error) => {
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.message, `the filesystem changes of the checkpoint cannot be unpacked: ${why}`);
      return error.code === 'ERR_RESTORE_ARCHIVE';
    });
});
