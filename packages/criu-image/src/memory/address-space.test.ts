import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf, fixtureFiles, mmImage, PAGE, pagemapImage, pagesImage, setOf } from '../fixture.ts';
import { openImageSet } from '../image-set.ts';
import { type AddressSpace, openAddressSpace } from './address-space.ts';
import { PageFlag } from './pagemap-entry.ts';
import { VmaStatus } from './vma-status.ts';

const { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, VVAR } = VmaStatus;

async function spaceOf(files: Record<string, Uint8Array>): Promise<AddressSpace> {
  return (await openAddressSpace(setOf(files), 1)) ?? assert.fail('no memory');
}

/** Ranges in pages, as short text: `5+2 zero`. */
async function look(space: AddressSpace, from: number, pages: number): Promise<string[]> {
  const ranges = await space.read(BigInt(from) * 4096n, new Uint8Array(pages * PAGE));
  return ranges.map((range) => {
    const what = range.state === 'absent' ? range.reason : range.state;
    return `${range.vaddr / 4096n}+${range.bytes / PAGE} ${what}`;
  });
}

for (const [name, pid] of [
  ['crio-counter', 6],
  ['containerd-counter', 796],
] as const) {
  test(`arguments and environment of the first process of ${name} are read from its memory`, async () => {
    const set = openImageSet(filesOf(fixtureFiles(name)));
    const space = (await openAddressSpace(set, pid)) ?? assert.fail();
    const mm = space.mm ?? assert.fail();
    const text = async (start: bigint, end: bigint) => {
      const target = new Uint8Array(Number(end - start));
      const ranges = await space.read(start, target);
      assert.deepEqual(ranges, [{ vaddr: start, bytes: target.length, state: 'captured' }]);
      return Buffer.from(target).toString().split('\0').slice(0, -1);
    };
    const argv = await text(mm.mmArgStart, mm.mmArgEnd);
    assert.deepEqual(argv.slice(0, 2), ['/bin/sh', '-c']);
    assert.equal(argv.length, 3);
    const environment = await text(mm.mmEnvStart, mm.mmEnvEnd);
    assert.ok(
      environment.some((variable) => variable.startsWith('PATH=')),
      environment.join(),
    );
    assert.ok(
      environment.some((variable) => variable.startsWith('HOSTNAME=')),
      environment.join(),
    );
    assert.equal(space.pageSize, 4096);
    assert.ok(set.diagnostics.empty);
  });
}

test('the code of a real process is its file’s, its vvar the kernel’s, and nothing is at address zero', async () => {
  const set = openImageSet(filesOf(fixtureFiles('crio-counter')));
  const space = (await openAddressSpace(set, 6)) ?? assert.fail();
  const at = async (vaddr: bigint) => (await space.read(vaddr, new Uint8Array(16)))[0];
  assert.deepEqual(await at(0x400000n), { vaddr: 0x400000n, bytes: 16, state: 'absent', reason: 'file' });
  assert.deepEqual(await at(0n), { vaddr: 0n, bytes: 16, state: 'absent', reason: 'unmapped' });
  const vvar = space.vmas.find(({ status }) => (status & VVAR) !== 0) ?? assert.fail();
  assert.deepEqual(await at(vvar.start), { vaddr: vvar.start, bytes: 16, state: 'absent', reason: 'kernel' });
  const total = [...space.runs()].reduce((sum, { bytes }) => sum + bytes, 0);
  assert.equal(total, 69632);
});

test('a read says of each part what it is, and fills in what there is', async () => {
  const space = await spaceOf({
    'mm-1.img': mmImage([
      { from: 10, pages: 6, status: ANON_PRIVATE },
      { from: 16, pages: 2, status: FILE_PRIVATE },
      { from: 30, pages: 1, status: VVAR },
    ]),
    'pagemap-1.img': pagemapImage(1, [
      { from: 11, pages: 1, flags: PageFlag.PRESENT },
      { from: 12, pages: 1, flags: PageFlag.PRESENT | PageFlag.LAZY },
      { from: 13, pages: 1, flags: PageFlag.LAZY },
      { from: 14, pages: 1, flags: PageFlag.PARENT },
      { from: 17, pages: 1, flags: PageFlag.PRESENT },
    ]),
    'pages-1.img': pagesImage(3),
  });
  assert.deepEqual(await look(space, 9, 23), [
    '9+1 unmapped',
    '10+1 zero',
    '11+2 captured',
    '13+1 lazy',
    '14+1 in-parent',
    '15+1 zero',
    '16+1 file',
    '17+1 captured',
    '18+12 unmapped',
    '30+1 kernel',
    '31+1 unmapped',
  ]);
  const target = new Uint8Array(4).fill(9);
  await space.read(13n * 4096n - 2n, target);
  assert.deepEqual([...target], [2, 2, 0, 0]);
});

test('pages that should be in a short or missing pages image are damaged, not zero', async () => {
  const files = {
    'mm-1.img': mmImage([{ from: 10, pages: 8, status: ANON_PRIVATE }]),
    'pagemap-1.img': pagemapImage(1, [
      { from: 11, pages: 3, flags: 4 },
      { from: 15, pages: 1, flags: 4 },
    ]),
  };
  const short = setOf({ ...files, 'pages-1.img': pagesImage(2) });
  const space = (await openAddressSpace(short, 1)) ?? assert.fail();
  assert.deepEqual(await look(space, 10, 8), [
    '10+1 zero',
    '11+2 captured',
    '13+1 damaged',
    '14+1 zero',
    '15+1 damaged',
    '16+2 zero',
  ]);
  assert.deepEqual(
    short.diagnostics.list.map(({ id }) => id),
    ['pages-size-mismatch'],
  );
  assert.deepEqual(await look(await spaceOf(files), 11, 1), ['11+1 damaged']);
});

test('where the pagemap has lost entries a page without one is damaged, not zero', async () => {
  const mm = mmImage([{ from: 10, pages: 4, status: ANON_PRIVATE }]);
  const whole = pagemapImage(1, [
    { from: 10, pages: 1, flags: 4 },
    { from: 12, pages: 1, flags: 4 },
  ]);
  const pages = pagesImage(2);
  const cut = await spaceOf({ 'mm-1.img': mm, 'pagemap-1.img': whole.subarray(0, -3), 'pages-1.img': pages });
  assert.deepEqual(await look(cut, 10, 4), ['10+1 captured', '11+3 damaged']);
  const between = pagemapImage(1, [{ from: 10, pages: 1, flags: 4 }]);
  const shorter = await spaceOf({ 'mm-1.img': mm, 'pagemap-1.img': between, 'pages-1.img': pages });
  assert.deepEqual(await look(shorter, 10, 4), ['10+1 captured', '11+3 damaged']);
});

test('without an mm image what is captured is still read, and nothing is said of the rest', async () => {
  const files = { 'pagemap-1.img': pagemapImage(1, [{ from: 10, pages: 1, flags: 4 }]), 'pages-1.img': pagesImage(1) };
  const set = setOf(files);
  const space = (await openAddressSpace(set, 1)) ?? assert.fail();
  assert.deepEqual(await look(space, 9, 3), ['9+1 damaged', '10+1 captured', '11+1 damaged']);
  assert.deepEqual(
    set.diagnostics.list.map(({ id, source }) => `${source} ${id}`),
    ['mm-1.img image-missing'],
  );
  assert.equal(await openAddressSpace(set, 2), undefined);
});

test('shared anonymous memory is read through the pagemap of its segment', async () => {
  const space = await spaceOf({
    'mm-1.img': mmImage([
      { from: 10, pages: 3, status: ANON_SHARED, shmid: 77n },
      { from: 20, pages: 1, status: ANON_SHARED, shmid: 78n },
    ]),
    'pagemap-1.img': pagemapImage(1, []),
    'pagemap-shmem-77.img': pagemapImage(2, [{ from: 1, pages: 1, flags: 4 }]),
    'pages-2.img': pagesImage(1),
  });
  assert.deepEqual(await look(space, 10, 3), ['10+1 zero', '11+1 captured', '12+1 zero']);
  assert.deepEqual(await look(space, 20, 1), ['20+1 shared']);
});

test('addresses at both ends of 64 bits are answered', async () => {
  const space = await spaceOf({ 'mm-1.img': mmImage([]), 'pagemap-1.img': pagemapImage(1, []) });
  assert.deepEqual(
    (await space.read((1n << 64n) - 2n, new Uint8Array(8))).map(({ bytes }) => bytes),
    [8],
  );
  assert.deepEqual(
    (await space.read(-8n, new Uint8Array(16))).map(({ bytes }) => bytes),
    [16],
  );
});

test('a survey tells what a read tells, without reading, up to its end', async () => {
  const files = {
    'mm-1.img': mmImage([
      { from: 10, pages: 3, status: ANON_PRIVATE },
      { from: 2 ** 40, pages: 2 ** 50, status: ANON_PRIVATE },
    ]),
    'pagemap-1.img': pagemapImage(1, [
      { from: 11, pages: 1, flags: PageFlag.PRESENT },
      { from: 12, pages: 1, flags: PageFlag.PRESENT | PageFlag.LAZY },
    ]),
    'pages-1.img': pagesImage(2),
  };
  const space = await spaceOf(files);
  const told = async (start: bigint, end: bigint) => {
    const ranges: string[] = [];
    for await (const range of space.survey(start, end)) {
      ranges.push(`${range.vaddr}+${BigInt(range.bytes)} ${range.state === 'absent' ? range.reason : range.state}`);
    }
    return ranges;
  };
  assert.deepEqual(await told(9n * 4096n, 13n * 4096n + 1n), [
    '36864+4096 unmapped',
    '40960+4096 zero',
    '45056+8192 captured',
    '53248+1 unmapped',
  ]);
  const far = 2n ** 52n;
  assert.deepEqual(await told(far, far + 2n ** 60n), [`${far}+${2n ** 60n} zero`]);
  assert.deepEqual(await told(5n, 5n), []);
});

test('an abort ends a read', async () => {
  const space = await spaceOf({ 'mm-1.img': mmImage([]), 'pagemap-1.img': pagemapImage(1, []) });
  await assert.rejects(space.read(0n, new Uint8Array(8), { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
