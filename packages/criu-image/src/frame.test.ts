import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteSource, bytesSource, readAll } from '@stillframe/core';
import fc from 'fast-check';
import { words } from './fixture.ts';
import { FrameReader } from './frame.ts';

/** Everything a reader gives: the messages, with what buffered() hands out where it can. */
async function all(reader: FrameReader): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for (;;) {
    const frame = reader.buffered() ?? (await reader.next());
    if (frame === undefined) return messages;
    messages.push(Uint8Array.from(frame.bytes));
  }
}

function framesOf(messages: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(messages.flatMap((message) => [words(message.length), message])));
}

function counted(bytes: Uint8Array): { source: ByteSource; reads: number[] } {
  const inner = bytesSource(bytes);
  const reads: number[] = [];
  const source: ByteSource = {
    size: inner.size,
    readInto: (offset, target, options) => {
      reads.push(target.length);
      return inner.readInto(offset, target, options);
    },
  };
  return { source, reads };
}

test('messages come back as they were framed, whatever the window', async () => {
  const message = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 40 }),
      fc.integer({ min: 1, max: 300 }),
      async (messages, windowSize) => {
        const reader = new FrameReader(bytesSource(framesOf(messages)), { windowSize });
        assert.deepEqual(await all(reader), messages);
        assert.equal(reader.fault, undefined);
      },
    ),
  );
});

test('an image cut off anywhere gives the whole messages before the cut, and a fault unless the cut is between two', async () => {
  const messages = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(40).fill(7)];
  const bytes = framesOf(messages);
  const ends = [0, 7, 11, 55];
  for (let length = 0; length <= bytes.length; length += 1) {
    const reader = new FrameReader(bytesSource(bytes.subarray(0, length)));
    const whole = ends.filter((end) => end > 0 && end <= length).length;
    assert.deepEqual(await all(reader), messages.slice(0, whole));
    assert.equal(reader.fault?.id, ends.includes(length) ? undefined : 'image-truncated');
  }
});

test('any bytes at all end in messages and perhaps a fault', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      const reader = new FrameReader(bytesSource(bytes), { windowSize: 32 });
      const total = (await all(reader)).reduce((sum, { length }) => sum + length + 4, 0);
      assert.ok(total <= bytes.length);
      assert.ok(reader.fault !== undefined || total === bytes.length);
    }),
  );
});

test('a small image is one read', async () => {
  const { source, reads } = counted(framesOf(Array.from({ length: 100 }, () => new Uint8Array(50))));
  assert.equal((await all(new FrameReader(source))).length, 100);
  assert.deepEqual(reads, [5400]);
});

test('a length over the limit is refused before anything of that size is allocated', async () => {
  const { source, reads } = counted(framesOf([new Uint8Array(5000)]));
  const reader = new FrameReader(source, { messageLimit: 4999, windowSize: 64 });
  assert.equal(await reader.next(), undefined);
  assert.equal(reader.fault?.id, 'image-message-too-long');
  assert.deepEqual(reads, [64]);
});

test('a message over the limit is not handed out either where it lies in what was read already', async () => {
  const reader = new FrameReader(bytesSource(framesOf([new Uint8Array(1), new Uint8Array(9)])), { messageLimit: 8 });
  assert.equal((await reader.next())?.bytes.length, 1);
  assert.equal(reader.buffered(), undefined);
  assert.equal(await reader.next(), undefined);
  assert.equal(reader.fault?.id, 'image-message-too-long');
});

test('a length of 4 GiB in an image of some bytes is a truncation', async () => {
  const { source, reads } = counted(words(0xffffffff, 1));
  const reader = new FrameReader(source);
  assert.equal(await reader.next(), undefined);
  assert.deepEqual(reader.fault, {
    id: 'image-truncated',
    offset: 4,
    message: '4294967295 bytes should follow, 4 are there',
  });
  assert.deepEqual(reads, [8]);
});

test('a payload is given unread, and the next message comes after it and its padding', async () => {
  const { source, reads } = counted(
    new Uint8Array(Buffer.concat([words(1), Buffer.from('a'), Buffer.alloc(1003, 5), words(0)])),
  );
  const reader = new FrameReader(source, { windowSize: 16 });
  await reader.next();
  const payload = reader.payload(1000n);
  assert.equal(reader.payload(3).size, 3);
  assert.deepEqual((await reader.next())?.bytes, new Uint8Array(0));
  assert.deepEqual(reads, [16, 4]);
  assert.deepEqual(await readAll(payload, { limit: 1000 }), new Uint8Array(1000).fill(5));
});

test('a payload that is longer than the image gives what there is, and a fault', async () => {
  const reader = new FrameReader(bytesSource(Buffer.concat([words(0), Buffer.from('rest')])));
  await reader.next();
  assert.equal(reader.payload(1n << 63n).size, 4);
  assert.equal(reader.fault?.id, 'image-payload-truncated');
  assert.equal(await reader.next(), undefined);
});

test('a source that is shorter than it said is a truncation', async () => {
  const reader = new FrameReader({ size: 100, readInto: async () => 10 });
  assert.equal(await reader.next(), undefined);
  assert.equal(reader.fault?.id, 'image-truncated');
});

test('an image of zeros is a fault and not a million empty messages', async () => {
  const reader = new FrameReader(bytesSource(new Uint8Array(4_000_000)));
  assert.equal((await all(reader)).length, 1000);
  assert.equal(reader.fault?.id, 'image-too-many-entries');
});
