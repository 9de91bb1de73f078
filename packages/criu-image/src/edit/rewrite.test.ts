import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource, isCode } from '@stillframe/core';
import fc from 'fast-check';
import { filesOf, fixtureFiles, frame, image, setOf, words } from '../fixture.ts';
import { openImageSet } from '../image-set.ts';
import type { FramedName } from '../kinds.ts';
import { mnt_entrySchema, pipe_data_entrySchema } from '../proto.ts';
import { rewriteImage } from './rewrite.ts';

const PIPES_DATA = 0x56453709;

for (const name of ['crio-counter', 'containerd-counter'] as const) {
  test(`every image of ${name} that is written anew unchanged has the bytes that CRIU wrote`, async () => {
    const files = fixtureFiles(name);
    let looked = 0;
    for (const found of openImageSet(filesOf(files)).images) {
      const bytes = files.get(found.name);
      if (found.kind.form !== 'framed' || !bytes) continue;
      const kind = found.kind.name as FramedName;
      assert.equal(await rewriteImage(kind, bytesSource(bytes), () => false), undefined);
      let entries = 0;
      const again = await rewriteImage(kind, bytesSource(bytes), () => {
        entries += 1;
        return true;
      });
      assert.deepEqual(again, entries === 0 ? undefined : bytes, found.name);
      looked += 1;
    }
    assert.ok(looked > 10, `only ${looked} images`);
  });
}

test('a changed field is read back, with everything else as it was', async () => {
  const files = fixtureFiles('crio-counter');
  const core = files.get('core-6.img') ?? assert.fail();
  const before = await openImageSet(filesOf(files)).single('core', 6);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -1000, max: 1000 }), async (score) => {
      const bytes = await rewriteImage('core', bytesSource(core), (entry) => {
        if (!entry.tc) return false;
        entry.tc.oomScoreAdj = score;
        return true;
      });
      const after = await openImageSet(filesOf(new Map(files).set('core-6.img', bytes ?? core))).single('core', 6);
      assert.equal(after?.tc?.oomScoreAdj, score);
      if (after?.tc && before?.tc) after.tc.oomScoreAdj = before.tc.oomScoreAdj;
      assert.deepEqual(after, before);
    }),
  );
});

test('payloads and entries around a changed one keep their bytes', async () => {
  const entry = (pipeId: number, data: string) =>
    Buffer.concat([frame(pipe_data_entrySchema, { pipeId, bytes: data.length }), Buffer.from(data)]);
  const source = image(PIPES_DATA, entry(1, 'first'), entry(2, 'second'), entry(3, 'third'));
  const changed = await rewriteImage('pipes-data', bytesSource(source), (message) => {
    if (message.pipeId !== 2) return false;
    message.pipeId = 70_000;
    return true;
  });
  assert.deepEqual(changed, image(PIPES_DATA, entry(1, 'first'), entry(70_000, 'second'), entry(3, 'third')));
});

test('fields that are not known are kept', async () => {
  const known = frame(mnt_entrySchema, {
    ...{ fstype: 0, mntId: 1, rootDev: 0, parentMntId: 0, flags: 0 },
    ...{ root: '/', mountpoint: '/', source: '', options: '' },
  }).subarray(4);
  const unknown = Buffer.from([0xf8, 0x3f, 42]);
  const body = Buffer.concat([known, unknown]);
  const source = image(0x55563928, Buffer.concat([words(body.length), body]));
  const changed = await rewriteImage('mountpoints', bytesSource(source), (entry) => {
    entry.flags = 1;
    return true;
  });
  assert.ok(Buffer.from(changed ?? []).includes(unknown));
  assert.equal((await setOf({ 'mountpoints-1.img': changed ?? source }).single('mountpoints', 1))?.flags, 1);
});

test('an image that is cut or damaged anywhere is never written anew', async () => {
  const core = fixtureFiles('crio-counter').get('core-6.img') ?? assert.fail();
  for (let end = 9; end < core.length; end += 1) {
    await assert.rejects(
      rewriteImage('core', bytesSource(core.subarray(0, end)), () => true),
      (error) => isCode(error, 'ERR_CRIU_EDIT_DAMAGED'),
      `cut at ${end}`,
    );
  }
});
