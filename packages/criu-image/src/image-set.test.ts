import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll } from '@stillframe/core';
import { filesOf, fixtureFiles, frame, image, setOf, words } from './fixture.ts';
import { type EntryRecord, openImageSet } from './image-set.ts';
import type { FramedName } from './kinds.ts';
import * as proto from './proto.ts';

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function textsOf<N extends FramedName>(records: EntryRecord<N>[]): Promise<Record<string, string>[]> {
  return Promise.all(
    records.map(async ({ payload }) => {
      const texts: Record<string, string> = {};
      for (const [name, source] of Object.entries(payload))
        texts[name] = Buffer.from(await readAll(source, { limit: 100 })).toString();
      return texts;
    }),
  );
}

for (const name of ['crio-counter', 'containerd-counter'] as const) {
  test(`every image of ${name} decodes without a diagnostic and to at least one message`, async () => {
    const set = openImageSet(filesOf(fixtureFiles(name)));
    const counts = await set.check();
    assert.deepEqual(set.diagnostics.list, []);
    for (const [file, count] of counts) assert.ok(count > 0, file);
    // Two tmpfs archives and two pages images have no messages.
    assert.equal(counts.size, fixtureFiles(name).size - 4);
  });
}

test('a dump of CRI-O tells its processes, threads and files', async () => {
  const set = openImageSet(filesOf(fixtureFiles('crio-counter')));
  const inventory = await set.inventory();
  assert.equal(inventory?.imgVersion, 2);
  assert.equal(inventory?.fdinfoPerId, true);

  const tree = await listOf(set.entries('pstree'));
  assert.deepEqual(
    tree.map(({ pid, ppid, threads }) => ({ pid, ppid, threads })),
    [
      { pid: 6, ppid: 0, threads: [6] },
      { pid: 16, ppid: 6, threads: [16] },
    ],
  );
  assert.deepEqual(set.ids('core'), [6, 16]);
  const core = await set.single('core', 6);
  assert.equal(core?.mtype, proto.core_entry_march.X86_64);
  assert.equal(core?.tc?.comm, 'sh');

  const files = new Map((await listOf(set.entries('files'))).map((file) => [file.id, file]));
  const mm = await set.single('mm', 6);
  assert.equal(files.get(mm?.exeFileId ?? 0)?.reg?.name, '/bin/sh');
  const ids = await set.single('ids', 6);
  const fds = await listOf(set.entries('fdinfo', ids?.filesId));
  assert.deepEqual(
    fds.map(({ fd, id, type }) => ({ fd, type, of: files.get(id)?.type })),
    [
      { fd: 0, type: proto.fd_types.REG, of: proto.fd_types.REG },
      { fd: 1, type: proto.fd_types.PIPE, of: proto.fd_types.PIPE },
      { fd: 2, type: proto.fd_types.PIPE, of: proto.fd_types.PIPE },
    ],
  );
});

test('statistics, mounts, cgroups and names are there', async () => {
  const set = openImageSet(filesOf(fixtureFiles('crio-counter')));
  const stats = await set.single('stats-dump');
  assert.equal(stats?.dump?.pagesWritten, 33n);
  const [mountNs] = set.ids('mountpoints');
  const mounts = await listOf(set.entries('mountpoints', mountNs));
  assert.equal(mounts.at(-1)?.mountpoint, '/');
  assert.equal(mounts.find(({ fstype }) => fstype === proto.fstype.PROC)?.mountpoint, '/proc');
  assert.ok(((await set.single('cgroup'))?.controllers.length ?? 0) > 0);
  assert.equal(typeof (await set.single('utsns', 11))?.nodename, 'string');
});

test('an image that is absent has no entries and is no fault', async () => {
  const set = setOf({});
  assert.deepEqual(await listOf(set.entries('files')), []);
  assert.equal(await set.single('mm', 1), undefined);
  assert.deepEqual(set.ids('core'), []);
  assert.ok(set.diagnostics.empty);
});

test('a set without inventory, or of an unknown version, is reported', async () => {
  const missing = setOf({});
  assert.equal(await missing.inventory(), undefined);
  assert.deepEqual(
    missing.diagnostics.list.map(({ id }) => id),
    ['image-inventory-missing'],
  );
  const inventory = Buffer.concat([words(0x58313116), frame(proto.inventory_entrySchema, { imgVersion: 9 })]);
  const unknown = setOf({ 'inventory.img': inventory });
  await unknown.inventory();
  assert.deepEqual(
    unknown.diagnostics.list.map(({ id }) => id),
    ['image-version-unknown'],
  );
});

test('an image of version 1.0 has one magic only', async () => {
  const bytes = Buffer.concat([words(0x51403912), frame(proto.fs_entrySchema, { cwdId: 1, rootId: 2 })]);
  const set = setOf({ 'fs-1.img': bytes });
  assert.equal((await set.single('fs', 1))?.rootId, 2);
  assert.ok(set.diagnostics.empty);
});

test('a name and a magic that disagree give nothing and are reported once', async () => {
  const set = setOf({ 'mm-1.img': image(0x55053847) });
  assert.deepEqual(await listOf(set.entries('mm', 1)), []);
  assert.deepEqual(await listOf(set.entries('mm', 1)), []);
  assert.equal(set.diagnostics.list.length, 1);
  assert.deepEqual(set.diagnostics.list[0], {
    id: 'image-magic-mismatch',
    severity: 'error',
    source: 'mm-1.img',
    offset: 0,
    message: 'by its name the image is of kind mm, its magic 0x55053847 is that of core',
  });
});

test('a message that cannot be decoded is left out, those behind it are not', async () => {
  const good = frame(proto.fdinfo_entrySchema, { id: 1, flags: 0, type: 1, fd: 5 });
  const set = setOf({ 'fdinfo-2.img': image(0x56213732, good, words(2), new Uint8Array([0x08, 0x80]), good) });
  assert.equal((await listOf(set.entries('fdinfo', 2))).length, 2);
  assert.deepEqual(
    set.diagnostics.list.map(({ id, offset }) => ({ id, offset })),
    [{ id: 'image-message-undecodable', offset: 8 + good.length }],
  );
});

test('a message that is too long for its kind is refused, not decoded', async () => {
  const size = (16 << 20) + 1;
  const set = setOf({ 'files.img': image(0x56303138, words(size), new Uint8Array(size)) });
  assert.deepEqual(await listOf(set.entries('files')), []);
  assert.deepEqual(
    set.diagnostics.list.map(({ id }) => id),
    ['image-message-too-long'],
  );
});

test('payloads follow the rule of their kind', async () => {
  const set = setOf({
    'sk-queues.img': image(
      0x56264026,
      frame(proto.sk_packet_entrySchema, { idFor: 7, length: 5 }),
      Buffer.from('hello'),
      frame(proto.sk_packet_entrySchema, { idFor: 7, length: 0 }),
    ),
    'tcp-stream-1f.img': image(
      0x51465506,
      frame(proto.tcp_stream_entrySchema, {
        inqLen: 2,
        inqSeq: 0,
        outqLen: 3,
        outqSeq: 0,
        optMask: 0,
        sndWscale: 0,
        mssClamp: 0,
      }),
      Buffer.from('inout'),
    ),
  });
  assert.deepEqual(await textsOf(await listOf(set.records('sk-queues'))), [{ data: 'hello' }, { data: '' }]);
  assert.deepEqual(await textsOf(await listOf(set.records('tcp-stream', 0x1f))), [{ received: 'in', sent: 'out' }]);
  assert.ok(set.diagnostics.empty);
});

test('a ghost file is whole after its head, or comes in chunks', async () => {
  const file = { uid: 0, gid: 0, mode: 0o100644 };
  const set = setOf({
    'ghost-file-1.img': image(0x52583605, frame(proto.ghost_file_entrySchema, file), Buffer.from('small')),
    'ghost-file-2.img': image(
      0x52583605,
      frame(proto.ghost_file_entrySchema, { ...file, chunks: true, size: 100n }),
      frame(proto.ghost_chunk_entrySchema, { len: 4n, off: 50n }),
      Buffer.from('data'),
    ),
    'ghost-file-3.img': image(
      0x52583605,
      frame(proto.ghost_file_entrySchema, { ...file, mode: 0o120777, symlnkTarget: '/x' }),
    ),
  });
  const roles = async (id: number) => (await listOf(set.records('ghost-file', id))).map(({ role }) => role);
  assert.deepEqual(await textsOf(await listOf(set.records('ghost-file', 1))), [{ data: 'small' }]);
  assert.deepEqual(await roles(2), ['head', 'entry']);
  const [first] = await listOf(set.records('ghost-file', 2));
  assert.equal(first?.role === 'head' ? first.message.size : undefined, 100n);
  assert.deepEqual(await textsOf(await listOf(set.records('ghost-file', 2))), [{}, { data: 'data' }]);
  assert.deepEqual(await roles(3), ['head']);
  assert.ok(set.diagnostics.empty);
});

test('the messages of a System V queue are members of it, padded to eight bytes', async () => {
  const desc = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 };
  const queue = frame(proto.ipc_msg_entrySchema, { desc, qbytes: 0, qnum: 1 });
  const message = [frame(proto.ipc_msgSchema, { mtype: 3n, msize: 5 }), Buffer.from('hello\0\0\0')];
  const set = setOf({ 'ipcns-msg-9.img': image(0x55453737, queue, ...message, queue, ...message) });
  const records = await listOf(set.records('ipcns-msg', 9));
  assert.deepEqual(
    records.map(({ role }) => role),
    ['entry', 'member', 'entry', 'member'],
  );
  assert.deepEqual((await textsOf(records))[1], { data: 'hello' });
  const cut = setOf({ 'ipcns-msg-9.img': image(0x55453737, queue) });
  await cut.check();
  assert.ok(cut.diagnostics.list.some(({ id }) => id === 'image-truncated'));
});

test('an image cut off at any byte, or with any bit turned, is decoded to an end', async () => {
  const files = fixtureFiles('crio-counter');
  const kindsAndIds = [
    ['inventory'],
    ['pstree'],
    ['files'],
    ['fdinfo', 2],
    ['mm', 6],
    ['ids', 6],
    ['stats-dump'],
  ] as const;
  for (const [kind, id] of kindsAndIds) {
    const name = kind.startsWith('stats') ? kind : `${kind}${id === undefined ? '' : `-${id}`}.img`;
    const whole = files.get(name) ?? assert.fail(name);
    const total = (await listOf(setOf({ [name]: whole }).records(kind, id))).length;
    for (let at = 0; at < whole.length; at += 1) {
      const cut = setOf({ [name]: whole.subarray(0, at) });
      assert.ok((await listOf(cut.records(kind, id))).length < total || total === 0);
      for (const bit of [0, 3, 7]) {
        const turned = Uint8Array.from(whole);
        turned[at] = (turned[at] ?? 0) ^ (1 << bit);
        const set = setOf({ [name]: turned });
        // Every message takes four bytes at least, so that is as many as there can be.
        const count = (await listOf(set.records(kind, id))).length;
        assert.ok(count <= whole.length / 4);
        // A turned bit of a magic is always noticed; one inside a value can be a sound image with another value.
        if (at < 4)
          assert.deepEqual([count, set.diagnostics.list.map((fault) => fault.id)], [0, ['image-magic-mismatch']]);
      }
    }
  }
});

test('an image of a kind that has several is never asked for without its id', async () => {
  assert.throws(() => setOf({}).source('core'), TypeError);
});

test('asking a kind without messages for messages is the caller’s mistake', async () => {
  const set = setOf({ 'pages-1.img': new Uint8Array(4096) });
  await assert.rejects(listOf(set.entries('pages' as FramedName, 1)), { code: 'ERR_CRIU_IMAGE_NOT_FRAMED' });
});
