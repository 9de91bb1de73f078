/** Damaged and hostile images: a typed outcome, no hang, no more memory than the image justifies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource, StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { arbitraryEntries } from './arbitrary-message.fixture.ts';
import { imageFromJson, imageToJson } from './crit/index.ts';
import { decodeImage } from './decode.ts';
import { encodeImage } from './encode.ts';
import { fixtureFiles, image, words } from './fixture.ts';
import type { FramedKind } from './kind.ts';
import { kindOfFile, kinds } from './kinds.ts';

const framedKinds: readonly FramedKind[] = kinds.filter((kind) => kind.form === 'framed');
/** Milliseconds that any one image may take. */
const PATIENCE = 15_000;

interface Outcome {
  messages: number;
  faults: number;
}

/** Decodes everything and writes it as JSON. Anything but a result, a fault or an error of ours fails the test. */
async function read(kind: FramedKind, bytes: Uint8Array): Promise<Outcome> {
  const begin = performance.now();
  const outcome = { messages: 0, faults: 0 };
  for await (const _ of decodeImage(kind, bytesSource(bytes), () => (outcome.faults += 1))) outcome.messages += 1;
  try {
    let length = 0;
    for await (const piece of imageToJson(bytesSource(bytes), () => undefined, { pretty: true }))
      length += piece.length;
    assert.ok(length > 0);
  } catch (error) {
    assert.ok(StillframeError.is(error), String(error));
  }
  const took = performance.now() - begin;
  assert.ok(took < PATIENCE, `${kind.name}: ${took} ms for ${bytes.length} bytes`);
  return outcome;
}

/** The framed images of a real dump. */
function* images(): Generator<[name: string, kind: FramedKind, bytes: Uint8Array]> {
  for (const [name, bytes] of fixtureFiles('crio-counter')) {
    const kind = kindOfFile(name)?.kind;
    if (kind?.form === 'framed' && bytes.length <= 64 << 10) yield [name, kind, bytes];
  }
}

test('a real image cut off at any offset gives what came before the cut', async () => {
  for (const [name, kind, bytes] of images()) {
    const whole = await read(kind, bytes);
    for (let end = 0; end < bytes.length; end += 1) {
      const { messages } = await read(kind, bytes.subarray(0, end));
      assert.ok(messages <= whole.messages, `${name} cut at ${end}`);
    }
  }
});

test('a real image with a byte changed, every seventh in turn, ends in messages and faults', async () => {
  for (const [, kind, bytes] of images()) {
    for (let at = bytes.length % 7; at < bytes.length; at += 7) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await read(kind, changed);
    }
  }
});

for (const kind of framedKinds) {
  test(`any ${kind.name}, cut, changed, grown or with a huge length, is read to an end`, async () => {
    const damage = fc.record({
      at: fc.nat(1 << 16),
      bit: fc.nat(7),
      length: fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 1 << 20),
      tail: fc.uint8Array({ maxLength: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryEntries(kind), damage, async (entries, { at, bit, length, tail }) => {
        const bytes = Buffer.concat(await Array.fromAsync(encodeImage(kind, entries)));
        const place = at % Math.max(1, bytes.length);
        const changed = Buffer.from(bytes);
        changed[place] = (changed[place] ?? 0) ^ (1 << bit);
        await read(kind, changed);
        await read(kind, bytes.subarray(0, place));
        await read(kind, Buffer.concat([bytes, tail]));
        await read(kind, Buffer.concat([bytes.subarray(0, place), words(length), bytes.subarray(place)]));
        if (bytes.length >= 12) {
          const huge = Buffer.from(bytes);
          huge.writeUInt32LE(length, kind.name === 'inventory' ? 4 : 8);
          await read(kind, huge);
        }
      }),
      { numRuns: 15 },
    );
  });
}

test('a million entries, empty ones, and counts of what is not there are bounded', async () => {
  const named = (name: string) => framedKinds.find((kind) => kind.name === name) ?? assert.fail(name);
  // A million empty members are announced by one message of seven fields: qnum is field 3.
  const desc = Buffer.from('0a0e08011000180020002800300038 00'.replaceAll(' ', ''), 'hex');
  const queue = Buffer.concat([desc, Buffer.from([0x10, 0, 0x18, 0xc0, 0x84, 0x3d])]);
  const announced = image(0x55453737, words(queue.length), queue);
  assert.ok((await read(named('ipcns-msg'), announced)).faults > 0);
  assert.ok((await read(named('fs'), image(0x51403912, new Uint8Array(4_000_000)))).faults > 0);
  const before = process.memoryUsage().rss;
  for (const length of [1n << 31n, (1n << 63n) - 1n]) {
    const chunk = Buffer.concat([Buffer.from([0x08]), varint(length), Buffer.from([0x10, 0])]);
    const head = Buffer.from('080010001 8a483024801'.replaceAll(' ', ''), 'hex');
    const ghost = image(0x52583605, words(head.length), head, words(chunk.length), chunk);
    assert.equal((await read(named('ghost-file'), ghost)).faults, 1);
  }
  assert.ok(process.memoryUsage().rss - before < 64 << 20);
});

test('any text at all is an image or an error of ours', async () => {
  const json = fc.oneof(
    fc.json(),
    fc
      .record({ magic: fc.constantFrom(...framedKinds.map(({ symbol }) => symbol)), entries: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(json, async (text) => {
      try {
        await Array.fromAsync(imageFromJson(text));
      } catch (error) {
        assert.ok(StillframeError.is(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
