import assert from 'node:assert/strict';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  file_entrySchema,
  ghost_chunk_entrySchema,
  ghost_file_entrySchema,
  memfd_inode_entrySchema,
  pagemap_entrySchema,
  pagemap_headSchema,
  sk_packet_entrySchema,
} from '@stillframe/criu-image/proto';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { frame, image, madeCheckpoint, takeOut } from './made-checkpoint.fixture.ts';

const GHOST = 0x52583605;
const REGULAR = 0o100644;
const head = (size: bigint) => frame(ghost_file_entrySchema, { uid: 0, gid: 0, mode: REGULAR, chunks: true, size });
const chunk = (off: bigint, text: string, len = BigInt(text.length)) =>
  Buffer.concat([frame(ghost_chunk_entrySchema, { off, len }), Buffer.from(text)]);

async function ghost(...parts: Uint8Array[]) {
  await using checkpoint = await madeCheckpoint({ 'ghost-file-a.img': image(GHOST, parts) });
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'ghost' }] });
  const [file = assert.fail()] = taken.files;
  const bytes = file.file === undefined ? undefined : (await taken.read(file.file)).toString('latin1');
  return { file, bytes, faults: checkpoint.diagnostics().map(({ id }) => id) };
}

test('a deleted file with holes is that file', async () => {
  const { file, bytes, faults } = await ghost(head(10n), chunk(2n, 'ab'), chunk(6n, 'cd'));
  assert.deepEqual([bytes, faults], ['\0\0ab\0\0cd\0\0', []]);
  assert.deepEqual([file.file, file.state, file.holeBytes], ['ghost-a.bin', 'written', 6]);
});

test('a deleted file that claims 2^63 bytes is not written, and told', async () => {
  const { file, bytes } = await ghost(head(1n << 63n), chunk(0n, 'ab'));
  assert.deepEqual([file.state, file.claimed, bytes], ['too-large', 1n << 63n, undefined]);
});

test('chunks that overlap, go back, or lie outside are left out or cut, and told', async () => {
  for (const [parts, expected] of [
    [[chunk(0n, 'abcd'), chunk(2n, 'xx'), chunk(6n, 'ef')], 'abcd\0\0ef'],
    [[chunk(4n, 'ab'), chunk(0n, 'cd')], '\0\0\0\0ab\0\0'],
    [[chunk(6n, 'abcd')], '\0\0\0\0\0\0ab'],
    [[chunk(1n << 63n, 'abcd')], '\0\0\0\0\0\0\0\0'],
  ] as const) {
    const { bytes, faults } = await ghost(head(8n), ...parts);
    assert.deepEqual([bytes, faults], [expected, ['ghost-chunk-misplaced']]);
  }
});

test('a chunk that is cut leaves out what is lost', async () => {
  const { bytes, faults } = await ghost(head(8n), chunk(0n, 'ab', 6n));
  assert.deepEqual([bytes, faults.sort()], ['ab\0\0\0\0\0\0', ['ghost-chunk-misplaced', 'image-payload-truncated']]);
});

/** More than any dump has; the test runner’s own hooks make a million of them slow. */
const MANY = 200_000;

test('chunks without end take no memory each', async () => {
  // len 1 and off as varints of one and five bytes, then the byte itself.
  const one = Buffer.from([8, 0, 0, 0, 0x08, 1, 0x10, 0x80, 0x80, 0x80, 0x80, 0, 0x78]);
  const chunks = Buffer.alloc(one.length * MANY);
  for (let index = 0; index < MANY; index += 1) {
    const at = index * one.length;
    chunks.set(one, at);
    for (let digit = 0; digit < 4; digit += 1) chunks[at + 7 + digit] = 0x80 | (((index * 2) >>> (7 * digit)) & 0x7f);
  }
  const before = process.memoryUsage().heapUsed;
  const { file, bytes, faults } = await ghost(head(BigInt(2 * MANY)), chunks);
  assert.deepEqual([file.state, file.holeBytes, faults, bytes?.slice(-4)], ['written', MANY, [], 'x\0x\0']);
  assert.ok(process.memoryUsage().heapUsed - before < 64 << 20);
});

test('a memfd of 2^40 bytes with one page is not expanded', async () => {
  const images = {
    'files.img': image(0x56303138, [frame(file_entrySchema, { type: 18, id: 3, memfd: { id: 3, inodeId: 44 } })]),
    'memfd.img': image(0x48453499, [
      frame(memfd_inode_entrySchema, { name: '../../x', size: 1n << 40n, shmid: 8, inodeId: 44n }),
    ]),
    'pagemap-shmem-8.img': image(0x56084025, [
      frame(pagemap_headSchema, { pagesId: 1 }),
      frame(pagemap_entrySchema, { vaddr: 1n << 30n, compatNrPages: 0, nrPages: 1n, flags: 4 }),
    ]),
    'pages-1.img': Buffer.alloc(4096, 'm'),
  };
  await using checkpoint = await madeCheckpoint(images);
  await using refused = await takeOut(checkpoint, { wishes: [{ kind: 'memfd' }] });
  assert.deepEqual(
    refused.files.map(({ state, claimed, name }) => [state, claimed, name]),
    [['too-large', 1n << 40n, '../../x']],
  );
  assert.deepEqual(await readdir(refused.folder), []);
});

test('the limit is one for all files together', async () => {
  const small = image(GHOST, [
    frame(ghost_file_entrySchema, { uid: 0, gid: 0, mode: REGULAR }),
    Buffer.from('12345678'),
  ]);
  await using checkpoint = await madeCheckpoint({ 'ghost-file-1.img': small, 'ghost-file-2.img': small });
  await using taken = await takeOut(checkpoint, {}, { limit: 12n });
  assert.deepEqual(
    taken.files.map(({ state }) => state),
    ['written', 'too-large'],
  );
});

const link = (name: string, linkName: string, type: '1' | '2') => entry(name, '', { type, linkName });

test('no member of a tree gets out of it, and links and devices are told and never made', async () => {
  const diff = tarOf(
    entry('../outside', 'no'),
    entry('/etc/absolute', 'no'),
    link('down', '/tmp', '2'),
    entry('down/through-link', 'stays inside'),
    link('hard-out', '../../etc/passwd', '1'),
    link('hard-in', './twice', '1'),
    entry('twice', 'first'),
    entry('twice', 'second'),
    entry('Twice', 'in another case'),
    entry('set-uid', 'x', { mode: 0o4755 }),
    entry('null', '', { type: '3' }),
    entry('queue', '', { type: '6' }),
    entry('a\u202e\nb', 'strange'),
    entry('.wh.gone', ''),
    entry('file', 'a file'),
    entry('file/below', 'and a folder'),
  );
  await using checkpoint = await madeCheckpoint({}, entry('rootfs-diff.tar', diff));
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'rootfs' }] });
  const files: Record<string, string> = {};
  for (const { file, name = '' } of taken.files)
    if (file !== undefined) files[name] = `${file}: ${await taken.read(file)}`;
  assert.deepEqual(files, {
    'down/through-link': 'rootfs/down/through-link: stays inside',
    'hard-in': 'rootfs/hard-in: second',
    'set-uid': 'rootfs/set-uid: x',
    twice: 'rootfs/twice: second',
    Twice: 'rootfs/Twice~2: in another case',
    'a\u202e\nb': 'rootfs/a__b: strange',
    file: 'rootfs/file: a file',
    'file/below': 'rootfs/file~2/below: and a folder',
  });
  const told = taken.files
    .filter(({ state }) => state === 'listed')
    .map(({ name, facts }) => [name, facts['linkTarget']]);
  assert.deepEqual(told, [
    ['down', '/tmp'],
    ['hard-out', '../../etc/passwd'],
    ['null', undefined],
    ['queue', undefined],
    ['.wh.gone', undefined],
  ]);
  const faults = checkpoint.diagnostics().map(({ id }) => id);
  assert.deepEqual(faults, ['tar-name-unsafe', 'tar-name-unsafe', 'tar-entry-duplicate']);
  for (const path of await readdir(taken.folder, { recursive: true })) {
    const found = await lstat(join(taken.folder, path));
    assert.ok(
      found.isFile() ? (found.mode & 0o7777) === 0o600 : found.isDirectory() && (found.mode & 0o7777) === 0o700,
    );
  }
});

/** A sparse member as GNU tar writes it: places of the map in the header, and in blocks behind it. */
function sparse(name: string, size: number, map: readonly (readonly [offset: number, bytes: string])[]): Uint8Array {
  const data = map.map(([, bytes]) => bytes).join('');
  const made = Buffer.from(entry(name, data, { type: 'S', dialect: 'gnu' }));
  const places = map.map(([offset, bytes]) => `${octal(offset)}\0${octal(bytes.length)}\0`);
  made.write(places.slice(0, 4).join(''), 386, 'latin1');
  made[482] = places.length > 4 ? 1 : 0;
  made.write(octal(size), 483, 'latin1');
  const further = Buffer.alloc(places.length > 4 ? 512 : 0);
  further.write(places.slice(4).join(''), 'latin1');
  made.write('        ', 148, 'latin1');
  const sum = made.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  made.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([made.subarray(0, 512), further, made.subarray(512)]);
}

const octal = (value: number) => value.toString(8).padStart(11, '0');

test('a sparse file of a tmpfs is read with its holes; one whose map lies is damaged from there on', async () => {
  const places = [10, 20, 30, 40, 50, 60].map((offset) => [offset, `<${offset}>`] as const);
  const tar = tarOf(
    sparse('sound', 100, places),
    sparse('lies', 16, [
      [4, 'ab'],
      [3, 'cd'],
    ]),
  );
  await using checkpoint = await madeCheckpoint({ 'tmpfs-dev-41.tar.gz.img': gzipSync(tar) });
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'tmpfs' }] });
  const [sound = assert.fail(), lies = assert.fail()] = taken.files;
  const expected = Buffer.alloc(100);
  for (const [offset, text] of places) expected.write(text, offset);
  assert.deepEqual(await taken.read('tmpfs-41/sound'), expected);
  assert.deepEqual([sound.state, sound.holeBytes], ['written', 76]);
  assert.deepEqual([lies.absentBytes, lies.absent], [10, [{ offset: 6, bytes: 10, reason: 'damaged' }]]);
  assert.deepEqual(checkpoint.diagnostics(), []);
});

test('a tree that cannot be read is told, and the rest is taken', async () => {
  await using checkpoint = await madeCheckpoint(
    { 'tmpfs-dev-41.tar.gz.img': Buffer.from('no tar at all') },
    entry('config.dump', '{}'),
  );
  await using taken = await takeOut(checkpoint);
  assert.deepEqual(
    taken.files.map(({ kind, state }) => [kind, state]),
    [
      ['tmpfs', 'unreadable'],
      ['metadata', 'written'],
    ],
  );
  assert.deepEqual(
    checkpoint.diagnostics().map(({ id }) => id),
    ['extract-tree-unreadable'],
  );
});

test('datagrams of a socket that is not there are taken as they come; a queue that is cut gives what there is', async () => {
  const packet = (idFor: number, text: string, length = text.length) =>
    Buffer.concat([frame(sk_packet_entrySchema, { idFor, length }), Buffer.from(text)]);
  const queues = image(0x56264026, [packet(9, 'one'), packet(9, 'two'), packet(9, 'thr', 50)]);
  await using checkpoint = await madeCheckpoint({ 'sk-queues.img': queues });
  await using taken = await takeOut(checkpoint);
  const texts = await Promise.all(taken.files.map(async ({ file = '' }) => `${file}: ${await taken.read(file)}`));
  assert.deepEqual(texts, ['socket-9-0.bin: one', 'socket-9-1.bin: two', 'socket-9-2.bin: thr']);
  assert.deepEqual(
    checkpoint.diagnostics().map(({ id }) => id),
    ['image-payload-truncated'],
  );
});
