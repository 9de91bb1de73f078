import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesSource, readAll } from '@stillframe/core';
import fc from 'fast-check';
import { arbitraryEntries, bytesOf } from './arbitrary-message.fixture.ts';
import { decodeImage } from './decode.ts';
import { encodeImage } from './encode.ts';
import { fixtureFiles, frame, image, words } from './fixture.ts';
import type { FramedKind } from './kind.ts';
import { kindOfFile, kinds } from './kinds.ts';
import * as proto from './proto.ts';

const framedKinds: readonly FramedKind[] = kinds.filter((kind) => kind.form === 'framed');
const named = (name: string) => framedKinds.find((kind) => kind.name === name) ?? assert.fail(name);

function decoded(kind: FramedKind, bytes: Uint8Array) {
  return Array.fromAsync(decodeImage(kind, bytesSource(bytes), (fault) => assert.fail(fault.message)));
}

async function encoded(...args: Parameters<typeof encodeImage>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(encodeImage(...args)));
}

for (const name of ['crio-counter', 'containerd-counter'] as const) {
  test(`every image of ${name} is encoded to the bytes that CRIU wrote`, async () => {
    for (const [file, bytes] of fixtureFiles(name)) {
      const kind = kindOfFile(file)?.kind;
      if (kind?.form !== 'framed') continue;
      assert.deepEqual(await encoded(kind, await decoded(kind, bytes)), Buffer.from(bytes), file);
    }
  });
}

for (const kind of framedKinds) {
  test(`any ${kind.name} is decoded to what was encoded, payload and padding too`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryEntries(kind), fc.constantFrom(1 as const, 2 as const), async (entries, version) => {
        const bytes = await encoded(kind, entries, { version });
        const back = await decoded(kind, bytes);
        assert.deepEqual(
          back.map((entry) => bytesOf(kind, entry)),
          entries.map((entry) => bytesOf(kind, entry)),
        );
        assert.deepEqual(await Promise.all(back.map(contents)), await Promise.all(entries.map(contents)));
        assert.deepEqual(await encoded(kind, back, { version }), bytes);
      }),
      { numRuns: 20 },
    );
  });
}

async function contents({ payload = {}, padding = {} }: Parameters<typeof bytesOf>[1]): Promise<unknown> {
  const read = async (parts: typeof payload) =>
    Promise.all(Object.entries(parts).map(async ([name, source]) => [name, await readAll(source, { limit: 1000 })]));
  return [await read(payload), await read(padding)];
}

test('fields that nobody knows come back, behind those that are known', async () => {
  const fs = toBinary(proto.fs_entrySchema, create(proto.fs_entrySchema, { cwdId: 1, rootId: 2 }));
  // Field 100, a varint; field 101, three bytes.
  const unknown = Uint8Array.from([0xa0, 0x06, 0x05, 0xaa, 0x06, 0x03, 1, 2, 3]);
  const bytes = image(0x51403912, words(fs.length + unknown.length), fs, unknown);
  assert.deepEqual(await encoded(named('fs'), await decoded(named('fs'), bytes)), Buffer.from(bytes));
});

test('a name that is no UTF-8 comes back byte for byte', async () => {
  const good = frame(proto.apparmor_entrySchema, { namespaces: [{ name: 'aXXXb', policies: [] }] });
  const bytes = Buffer.from(image(0x59423047, good));
  const at = bytes.indexOf('XXX');
  for (const name of ['ff80fe', 'e282ff', 'c3a9ff', 'eda080', 'f4ffc3']) {
    bytes.write(name, at, 'hex');
    const entries = await decoded(named('apparmor'), bytes);
    assert.deepEqual(await encoded(named('apparmor'), entries), bytes, name);
  }
});

test('what contradicts its message is refused', async () => {
  const message = create(proto.pipe_data_entrySchema, { pipeId: 1, bytes: 3 });
  const four = bytesSource(new Uint8Array(4));
  const pipes = named('pipes-data');
  const wrong = { code: 'ERR_CRIU_IMAGE_PAYLOAD_MISMATCH' };
  await assert.rejects(encoded(pipes, [{ role: 'entry', message, payload: { data: four } }]), wrong);
  await assert.rejects(encoded(pipes, [{ role: 'entry', message }]), wrong);
  await assert.rejects(encoded(pipes, [{ role: 'entry', message, payload: { other: four } }]), wrong);
});

test('what stands in the wrong place, or lacks a required field, is refused', async () => {
  const wrong = { code: 'ERR_CRIU_IMAGE_ENTRY_INVALID' };
  const page = create(proto.pagemap_entrySchema, { vaddr: 0n, compatNrPages: 0 });
  await assert.rejects(encoded(named('pagemap'), [{ role: 'entry', message: page }]), wrong);
  const desc = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 };
  const queue = create(proto.ipc_msg_entrySchema, { desc, qbytes: 0, qnum: 1 });
  await assert.rejects(encoded(named('ipcns-msg'), [{ role: 'entry', message: queue }]), wrong);
  await assert.rejects(encoded(named('fs'), [{ role: 'entry', message: create(proto.fs_entrySchema) }]), wrong);
});
