import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, isFieldSet, toBinary } from '@bufbuild/protobuf';
import { bytesSource, type Diagnostic } from '@stillframe/core';
import fc from 'fast-check';
import { filesOf, fixtureFiles, frame, image, words } from '../fixture.ts';
import { framedKind, openImageSet } from '../image-set.ts';
import { pagemap_entrySchema, pagemap_headSchema } from '../proto.ts';
import { readPagemap } from './pagemap.ts';
import { decodePagemapEntry, type EntryFields } from './pagemap-entry.ts';

const PAGEMAP = 0x56084025;
const head = frame(pagemap_headSchema, { pagesId: 1 });

/** What the specification says an entry means, by way of the general decoder. */
function reference(bytes: Uint8Array): EntryFields {
  const { field } = pagemap_entrySchema;
  const entry = fromBinary(pagemap_entrySchema, bytes);
  const flags = isFieldSet(entry, field.flags) ? entry.flags : undefined;
  return {
    unit: entry.vaddr % 4096n === 0n ? Number(entry.vaddr / 4096n) : -1,
    pages: isFieldSet(entry, field.nrPages) ? Number(entry.nrPages) : entry.compatNrPages,
    flags: (entry.inParent ? (flags ?? 0) | 1 : (flags ?? 4)) & 7,
  };
}

function decoded(bytes: Uint8Array): EntryFields {
  const fields = { unit: 0, pages: 0, flags: 0 };
  decodePagemapEntry(bytes, fields);
  return fields;
}

async function read(bytes: Uint8Array) {
  const faults: Omit<Diagnostic, 'source'>[] = [];
  const pagemap = await readPagemap(framedKind('pagemap'), bytesSource(bytes), (fault) => faults.push(fault));
  return { pagemap, faults: faults.map(({ id }) => id) };
}

function entry(unit: number, pages: number, flags: number): Uint8Array {
  const vaddr = BigInt(unit) * 4096n;
  return frame(pagemap_entrySchema, { vaddr, compatNrPages: 0, nrPages: BigInt(pages), flags });
}

test('the fast path reads an entry just as the general decoder does', () => {
  const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const vaddr = fc.oneof(
    uint64,
    uint64.map((value) => value & ~0xfffn),
  );
  const uint32 = fc.nat(0xffffffff);
  const fields = fc.record(
    { vaddr, compatNrPages: uint32, inParent: fc.boolean(), flags: fc.oneof(fc.nat(7), uint32), nrPages: uint64 },
    { requiredKeys: ['vaddr', 'compatNrPages'] },
  );
  fc.assert(
    fc.property(fields, (init) => {
      const bytes = toBinary(pagemap_entrySchema, create(pagemap_entrySchema, init));
      assert.deepEqual(decoded(bytes), reference(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('bytes that are no entry are refused where the general decoder refuses them', () => {
  const outcome = (decode: (bytes: Uint8Array) => EntryFields, bytes: Uint8Array) => {
    try {
      return decode(bytes);
    } catch {
      return 'refused';
    }
  };
  // Tags of the five fields and bytes with the continuation bit come up often, so that near misses do.
  const byte = fc.oneof(fc.constantFrom(0x08, 0x10, 0x18, 0x20, 0x28, 0x80, 0xff, 0x01), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 24 }), (values) => {
      const bytes = Uint8Array.from(values);
      assert.deepEqual(outcome(decoded, bytes), outcome(reference, bytes));
    }),
    { numRuns: 5000 },
  );
});

test('CRIU 4.2 counts pages in field 5, earlier ones in field 2, and both read alike', async () => {
  for (const [name, pid, stored] of [
    ['crio-counter', 6, 17],
    ['containerd-counter', 796, 18],
  ] as const) {
    const set = openImageSet(filesOf(fixtureFiles(name)));
    const source = set.source('pagemap', pid) ?? assert.fail();
    const pagemap = await readPagemap(framedKind('pagemap'), source, () => assert.fail());
    assert.equal(pagemap.pagesId, 1);
    assert.equal(pagemap.storedPages, stored);
    assert.ok(pagemap.complete);
  }
});

test('entries become columns, with the pages stored before each', async () => {
  const { pagemap, faults } = await read(
    image(PAGEMAP, head, entry(1, 2, 4), entry(9, 5, 1), entry(20, 3, 6), entry(30, 1, 2)),
  );
  assert.deepEqual(faults, []);
  assert.deepEqual([...pagemap.units], [1, 9, 20, 30]);
  assert.deepEqual([...pagemap.pages], [2, 5, 3, 1]);
  assert.deepEqual([...pagemap.flags], [4, 1, 6, 2]);
  assert.deepEqual([...pagemap.storedBefore], [0, 2, 2, 5]);
  assert.equal(pagemap.storedPages, 5);
});

test('the top of the address space is exact', async () => {
  const vsyscall = 0xffffffffff600n;
  const { pagemap } = await read(image(PAGEMAP, head, entry(Number(vsyscall), 1, 4)));
  assert.equal(BigInt(pagemap.units[0] ?? 0), vsyscall);
});

test('an entry that cannot be right is left out, but its pages count, and the pagemap is not complete', async () => {
  const odd = frame(pagemap_entrySchema, { vaddr: 4097n, compatNrPages: 0, nrPages: 7n, flags: 4 });
  const { pagemap, faults } = await read(image(PAGEMAP, head, entry(5, 1, 4), odd, entry(5, 1, 4), entry(9, 1, 4)));
  assert.deepEqual(faults, ['pagemap-entry-invalid', 'pagemap-entry-invalid']);
  assert.deepEqual([...pagemap.units], [5, 9]);
  assert.deepEqual([...pagemap.storedBefore], [0, 9]);
  assert.equal(pagemap.complete, false);
});

test('more entries than the size of the image lets expect are all kept', async () => {
  const short = Array.from({ length: 300 }, (_, index) => entry(index + 1, 1, 4).subarray(0));
  const { pagemap } = await read(image(PAGEMAP, head, ...short));
  assert.equal(pagemap.length, 300);
  assert.equal(pagemap.units[299], 300);
});

test('a damaged pagemap says that it is not complete', async () => {
  const whole = image(PAGEMAP, head, entry(1, 1, 4), entry(2, 1, 4));
  const bounds = [8 + head.length, 8 + head.length + entry(1, 1, 4).length, whole.length];
  for (let length = 0; length < whole.length; length += 1) {
    const { pagemap } = await read(whole.subarray(0, length));
    assert.equal(pagemap.complete, bounds.includes(length), `${length} bytes`);
  }
  assert.equal((await read(image(PAGEMAP, words(1), new Uint8Array([0xff])))).pagemap.complete, false);
});
