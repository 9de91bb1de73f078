import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAddressSpace } from '@stillframe/criu-image';
import fc from 'fast-check';
import { openCheckpoint } from '../checkpoint.ts';
import { LONGEST_TEXT, readStrings } from './memory-strings.ts';
import { type Encoding, scanners } from './text-scan.ts';

const FIXTURE = new URL('../../fixtures/crio-counter.tar', import.meta.url).pathname;

/** The texts of some bytes that come in pieces of these sizes, whatever the sizes are. */
function textsOf(bytes: Buffer, encoding: Encoding, cuts: readonly number[], minimum = 1): [number, string][] {
  const found: [number, string][] = [];
  for (const scan of scanners[encoding]) {
    let kept = Buffer.alloc(0);
    let start = 0;
    let at = 0;
    const look = (fresh: Buffer, last: boolean) => {
      const whole = Buffer.concat([kept, fresh]);
      const { runs, rest } = scan(whole, { last, minimum, longest: 1000 });
      for (const { from, text } of runs) found.push([start + from, text]);
      start += rest;
      kept = whole.subarray(rest);
    };
    for (const cut of [...cuts, bytes.length]) {
      const end = Math.min(bytes.length, at + cut);
      look(bytes.subarray(at, end), false);
      at = end;
    }
    look(Buffer.alloc(0), true);
  }
  return found.sort(([a], [b]) => a - b);
}

test('texts are found wherever the pieces of memory are cut', () => {
  const part = fc.oneof(
    fc
      .constantFrom('plain', 'größer', 'Привет', '日本語', '🚀 up', '\0\0\0', '\xff\xfe', '\n', 'a', 'tab\tbed')
      .map((text) => Buffer.from(text)),
    fc.constantFrom('wide', 'größer', 'Привет').map((text) => Buffer.from(text, 'utf16le')),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }).map((parts) => Buffer.concat(parts)),
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
      fc.constantFrom<Encoding>('ascii', 'utf8', 'utf16le'),
      (bytes, cuts, encoding) => {
        assert.deepEqual(textsOf(bytes, encoding, cuts), textsOf(bytes, encoding, []));
      },
    ),
    { numRuns: 1000 },
  );
});

test('each encoding finds its own', () => {
  const bytes = Buffer.concat([
    Buffer.from('\0plain\0größer\0🚀🚀\0\0'),
    Buffer.from('wide Ωmega', 'utf16le'),
    Buffer.from([0, 0, 0xd8, 0x80]),
  ]);
  const found = (encoding: Encoding) => textsOf(bytes, encoding, [], 4).map(([, text]) => text);
  assert.deepEqual(found('ascii'), ['plain']);
  assert.deepEqual(found('utf8'), ['plain', 'größer']);
  assert.deepEqual(found('utf16le'), ['wide Ωmega']);
});

test('what is no well-formed UTF-8 ends a text', () => {
  for (const bad of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
    const bytes = Buffer.concat([Buffer.from('left'), Buffer.from(bad), Buffer.from('right')]);
    assert.deepEqual(
      textsOf(bytes, 'utf8', []).map(([, text]) => text),
      ['left', 'right'],
      String(bad),
    );
  }
});

test('the environment of a real process is among its texts, at its address', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  const texts = await Array.fromAsync(readStrings(space, { minimum: 6 }));
  const token = texts.find(({ text, vaddr }) => text.startsWith('TOKEN=') && vaddr >= (space.mm?.mmEnvStart ?? 0n));
  assert.ok(token);
  const bytes = Buffer.alloc(token.bytes);
  await space.read(token.vaddr, bytes);
  assert.equal(bytes.toString(), token.text);
  assert.equal(token.vma, space.vmaAt(token.vaddr));
  // However small the pieces are, the texts are the same.
  const small = await Array.fromAsync(readStrings(space, { minimum: 6, pieceSize: 97 }));
  const keys = (list: typeof texts) => list.map(({ vaddr, encoding, text }) => `${vaddr} ${encoding} ${text}`).sort();
  assert.deepEqual(keys(small), keys(texts));
});

test('a text without end comes in parts that fit into memory', () => {
  const endless = Buffer.alloc(3 * LONGEST_TEXT + 10, 'x');
  const { runs } = (scanners.ascii[0] ?? assert.fail())(endless, { last: true, minimum: 4, longest: LONGEST_TEXT });
  assert.deepEqual(
    runs.map(({ from, to, goesOn }) => [from, to, goesOn]),
    [0, 1, 2]
      .map((i) => [i * LONGEST_TEXT, (i + 1) * LONGEST_TEXT, true] as const)
      .concat([[3 * LONGEST_TEXT, endless.length, false] as never]),
  );
});
