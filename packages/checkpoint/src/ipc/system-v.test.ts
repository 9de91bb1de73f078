import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { corpusImages } from '../corpus.fixture.ts';
import { readKernelNamespaces } from '../namespace/kernel-namespaces.ts';
import { readIpc } from './system-v.ts';

const read = async (images = corpusImages()) => {
  const [found] = await readIpc(images, { namespaces: await readKernelNamespaces(images) });
  return { found, faults: images.diagnostics.list.map(({ id, source }) => `${id} ${source}`) };
};

test('a shared segment has its key, size, rights, and where it is mapped', async () => {
  const { found, faults } = await read();
  const [segment] = found?.segments ?? [];
  assert.deepEqual([segment?.key, segment?.bytes, segment?.mode, segment?.uid], [0xc0, 8192n, 0o600, 0]);
  assert.deepEqual(
    segment?.attached.map(({ pid, start, end }) => [pid, end - start]),
    [
      [1, 8192n],
      [6, 8192n],
    ],
  );
  assert.deepEqual(faults, []);
});

test('semaphores have their values, messages their bytes', async () => {
  const { found } = await read();
  assert.deepEqual([found?.semaphores[0]?.key, found?.semaphores[0]?.values], [0xc1, [11, 22, 33]]);
  const [queue] = found?.queues ?? [];
  assert.deepEqual([queue?.key, queue?.count], [0xc2, 2]);
  assert.deepEqual(
    queue?.messages.map(({ type, content }) => [type, Buffer.from(content).toString()]),
    [
      [7n, 'corpus:sysv-message-1'],
      [7n, 'corpus:sysv-message-2'],
    ],
  );
  assert.equal(found?.limits?.['kernel.msgmax'], 8192n);
});

test('queues that are cut short give what is there, and say so', async () => {
  const whole = new Uint8Array(await readFile(new URL('../../fixtures/corpus/ipcns-msg-11.img', import.meta.url)));
  const { found, faults } = await read(corpusImages({ 'ipcns-msg-11.img': whole.slice(0, whole.length - 20) }));
  assert.equal(found?.queues[0]?.count, 2);
  assert.ok((found?.queues[0]?.messages.length ?? 0) >= 1);
  assert.deepEqual(faults, ['image-payload-truncated ipcns-msg-11.img']);
});
