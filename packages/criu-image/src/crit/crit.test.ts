import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { arbitraryEntries } from '../arbitrary-message.fixture.ts';
import { encodeImage } from '../encode.ts';
import { frame, image, words } from '../fixture.ts';
import type { FramedKind } from '../kind.ts';
import { kindNamed, kinds } from '../kinds.ts';
import * as proto from '../proto.ts';
import { imageFromJson } from './image-from-json.ts';
import { imageInfo, imageToJson } from './image-to-json.ts';

const framedKinds: readonly FramedKind[] = kinds.filter((kind) => kind.form === 'framed');

async function json(bytes: Uint8Array, options: Parameters<typeof imageToJson>[2] = {}): Promise<string> {
  const report = ({ severity, message }: { severity: string; message: string }) =>
    assert.equal(severity, 'info', message);
  return (await Array.fromAsync(imageToJson(bytesSource(bytes), report, options))).join('');
}

async function encoded(text: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(imageFromJson(text)));
}

for (const kind of framedKinds) {
  test(`any ${kind.name} comes back from its exact JSON, plain and pretty, byte for byte`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryEntries(kind), fc.boolean(), async (entries, pretty) => {
        const bytes = Buffer.concat(await Array.fromAsync(encodeImage(kind, entries)));
        assert.deepEqual(await encoded(await json(bytes, { pretty, exact: true })), bytes);
      }),
      { numRuns: 15 },
    );
  });
}

const socket = {
  ...{ id: 1, ino: 2, family: 10, type: 1, proto: 6, state: 10, srcPort: 80, dstPort: 0, flags: 2, backlog: 5 },
  fown: { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 },
  opts: { soSndbuf: 1, soRcvbuf: 1, soSndTmoSec: 0n, soSndTmoUsec: 0n, soRcvTmoSec: 0n, soRcvTmoUsec: 0n },
};

test('pretty JSON names addresses, states and base 16 as crit 4.2 does', async () => {
  const entry = frame(proto.inet_sk_entrySchema, { ...socket, srcAddr: [0, 0, 0, 0x01000000], dstAddr: [0x0100007f] });
  const text = await json(image(0x56443851, entry), { pretty: true });
  assert.match(text, /^\{\n {4}"magic": "INETSK",\n {4}"entries": \[\n {8}\{\n {12}"id": 1,/);
  for (const line of [
    '"family": "INET6"',
    '"proto": "TCP"',
    '"state": "LISTEN"',
    '"flags": "0x2"',
    '"src_addr": [\n                "::1"\n            ]',
    '"dst_addr": [\n                "127.0.0.1"\n            ]',
  ]) {
    assert.ok(text.includes(line), line);
  }
});

test('flags are named, and what has no name stays a number', async () => {
  const vma = { start: 0n, end: 4096n, pgoff: 0n, shmid: 0n, prot: 3, flags: 0x22, status: 0x10201, fd: -1n };
  const text = await json(image(0x54123737, frame(proto.vma_entrySchema, vma)), { pretty: true });
  assert.ok(text.includes('"prot": "PROT_READ | PROT_WRITE"'), text);
  assert.ok(text.includes('"flags": "MAP_PRIVATE | MAP_ANON"'));
  assert.ok(text.includes('"status": "VMA_AREA_REGULAR | VMA_ANON_PRIVATE | 0x10000"'));
});

test('without payloads their sizes stand there, rounded as C does it', async () => {
  for (const [bytes, text] of [
    [12, '12B'],
    [1024, '1KB'],
    [1280, '1.2KB'],
    [1536, '1.5KB'],
    [3 << 20, '3MB'],
  ] as const) {
    const pipe = frame(proto.pipe_data_entrySchema, { pipeId: 1, bytes });
    const pipes = image(0x56453709, pipe, new Uint8Array(bytes));
    const said = `"extra": "... <${text}>"`;
    assert.ok((await json(pipes, { withoutPayloads: true })).includes(said), said);
  }
});

test('unknown fields are left out with a word, and kept by exact JSON', async () => {
  const known = toBinary(proto.fs_entrySchema, create(proto.fs_entrySchema, { cwdId: 1, rootId: 2 }));
  const unknown = Uint8Array.from([0xa0, 0x06, 0x05]);
  const bytes = image(0x51403912, words(known.length + unknown.length), known, unknown);
  const faults: string[] = [];
  const pieces = imageToJson(bytesSource(bytes), ({ id }) => faults.push(id));
  assert.equal((await Array.fromAsync(pieces)).join(''), '{"magic": "FS", "entries": [{"cwd_id": 1, "root_id": 2}]}');
  assert.deepEqual(faults, ['image-json-not-exact']);
  assert.deepEqual(await encoded(await json(bytes, { exact: true })), Buffer.from(bytes));
});

test('a count is that of the entries, whatever lies between them', async () => {
  const pipe = frame(proto.pipe_data_entrySchema, { pipeId: 1, bytes: 5 });
  const pipes = image(0x56453709, pipe, Buffer.from('\x01\0\0\0x'), pipe, new Uint8Array(5));
  assert.deepEqual(await imageInfo(bytesSource(pipes), () => undefined), { magic: 'PIPES_DATA', count: 2 });
});

test('64-bit values come through JSON exactly', async () => {
  const text = '{"magic": "BPFMAP_FILE", "entries": []}';
  assert.deepEqual(await encoded(text), Buffer.from(image(0x57506142)));
  const counter = (value: string) =>
    `{"magic": "EVENTFD_FILE", "entries": [{"id": 1, "flags": 0, "fown": {"uid": 0, "euid": 0, "signum": 0, "pid_type": 0, "pid": 0}, "counter": ${value}}]}`;
  const highest = '18446744073709551615';
  assert.ok((await json(await encoded(counter(highest)))).includes(`"counter": ${highest}`));
  await assert.rejects(encoded(counter('18446744073709551616')), { code: 'ERR_CRIT_JSON_INVALID' });
  await assert.rejects(encoded(counter('-1')), { code: 'ERR_CRIT_JSON_INVALID' });
  await assert.rejects(encoded(counter('1.5')), { code: 'ERR_CRIT_JSON_INVALID' });
});

test('JSON that is no image is refused, and the place is said', async () => {
  const cases: readonly [string, RegExp][] = [
    ['', /document/],
    ['[]', /document/],
    ['{"magic": "NOPE", "entries": []}', /magic/],
    ['{"magic": "FS"}', /entries/],
    ['{"magic": "FS", "entries": [1]}', /entries\[0\]/],
    ['{"magic": "FS", "entries": [{"cwd": 1}]}', /entries\[0\]\.cwd/],
    ['{"magic": "FS", "entries": [{"cwd_id": "x", "root_id": 1}]}', /entries\[0\]\.cwd_id/],
    ['{"magic": "FS", "entries": [{"cwd_id": 1, "root_id": 1, "extra": "AAAA"}]}', /entries\[0\]/],
    ['{"magic": "FS", "entries": [{"__proto__": {"cwd_id": 1}}]}', /__proto__/],
    ['{"magic": "SK_QUEUES", "entries": [{"id_for": 1, "length": 0, "extra": "?"}]}', /extra/],
    ['{"magic": "IPCNS_SEM", "entries": [{"extra": [70000]}]}', /extra/],
  ];
  for (const [text, place] of cases) {
    await assert.rejects(encoded(text), { code: 'ERR_CRIT_JSON_INVALID', message: place }, text);
  }
});

test('an image that is content only is told from one that is damaged', async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(4096), Buffer.from([0x1f, 0x8b, 8])]) {
    await assert.rejects(json(bytes), { code: 'ERR_CRIU_IMAGE_UNRECOGNISED' });
  }
  assert.equal(kindNamed('pages').magic, undefined);
});

test('a large payload goes by in pieces, and is never in memory as a whole', async () => {
  const head = image(0x52583605, frame(proto.ghost_file_entrySchema, { uid: 0, gid: 0, mode: 0o100644 }));
  const size = head.length + (384 << 20);
  const source = {
    size,
    readInto: async (offset: number, target: Uint8Array) => {
      const length = Math.min(target.length, size - offset);
      target.fill(0, 0, length);
      if (offset < head.length) target.set(head.subarray(offset, offset + length));
      return length;
    },
  };
  const before = process.memoryUsage().rss;
  let [length, most] = [0, 0];
  for await (const piece of imageToJson(source, () => assert.fail())) {
    length += piece.length;
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  assert.ok(length > (384 << 20) * 1.33, `${length}`);
  assert.ok(most < 160 << 20, `${most >> 20} MiB`);
});
