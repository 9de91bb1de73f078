/** Every image of the fixtures, read out of its archive, is encoded to the very bytes that CRIU wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readAll } from '@stillframe/core';
import { decodeImage, encodeImage } from '@stillframe/criu-image';
import { imageFromJson, imageToJson } from '@stillframe/criu-image/crit';
import { openCheckpoint } from './checkpoint.ts';

for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
  test(`the images of ${name} come back byte for byte, by entries and by JSON`, async () => {
    await using checkpoint = await openCheckpoint(fileURLToPath(new URL(`../fixtures/${name}.tar`, import.meta.url)));
    let count = 0;
    for (const { kind, id, name: file } of checkpoint.images.images) {
      const source = checkpoint.images.source(kind.name, id);
      if (kind.form !== 'framed' || source === undefined) continue;
      const report = ({ message }: { message: string }) => assert.fail(`${file}: ${message}`);
      const bytes = Buffer.from(await readAll(source, { limit: 1 << 20 }));
      const entries = decodeImage(kind, source, report);
      assert.deepEqual(Buffer.concat(await Array.fromAsync(encodeImage(kind, entries))), bytes, file);
      const json = (await Array.fromAsync(imageToJson(source, report, { pretty: true }))).join('');
      assert.deepEqual(Buffer.concat(await Array.fromAsync(imageFromJson(json))), bytes, file);
      count += 1;
    }
    assert.ok(count > 20, `${count} images`);
  });
}
