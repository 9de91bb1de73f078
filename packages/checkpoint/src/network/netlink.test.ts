import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { decodeAttributes } from './attributes.ts';
import { decodeConnection, decodeExpectation } from './conntrack.ts';
import { attribute, message } from './netlink.fixture.ts';
import { LONGEST_MESSAGE, type NetlinkMessage, readNetlink } from './netlink.ts';
import { decodeAddress, decodeRoute, decodeRule } from './rtnetlink.ts';

async function read(bytes: Uint8Array): Promise<{ messages: NetlinkMessage[]; faults: string[] }> {
  const faults: string[] = [];
  const messages = await Array.fromAsync(readNetlink(bytesSource(bytes), ({ id }) => void faults.push(id)));
  return { messages, faults };
}

test('messages come back whole, wherever the window of reading ends', async () => {
  const bodies = fc.array(fc.tuple(fc.integer({ min: 16, max: 0xffff }), fc.uint8Array({ maxLength: 40_000 })), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(bodies, async (given) => {
      const { messages, faults } = await read(Buffer.concat(given.map(([type, body]) => message(type, [...body]))));
      assert.deepEqual(
        messages.map(({ type, payload }) => [type, Buffer.from(payload).toString('hex')]),
        given.map(([type, body]) => [type, Buffer.from(body).toString('hex')]),
      );
      assert.deepEqual(faults, []);
    }),
    { numRuns: 40 },
  );
});

for (const [what, length, fault] of [
  ['0', 0, 'netlink-length-invalid'],
  ['3', 3, 'netlink-length-invalid'],
  ['one byte short of a header', 15, 'netlink-length-invalid'],
  ['one byte beyond the end', 21, 'image-truncated'],
  ['the largest that is believed', LONGEST_MESSAGE, 'image-truncated'],
  ['four gigabytes', 0xffffffff, 'netlink-length-invalid'],
] as const) {
  test(`a length of ${what} ends the reading, what came before stands`, async () => {
    const good = message(20, [1, 2, 3, 4]);
    const { messages, faults } = await read(Buffer.concat([good, message(20, [5, 6, 7, 8], [], length)]));
    assert.deepEqual(
      messages.map(({ payload }) => [...payload]),
      [[1, 2, 3, 4]],
    );
    assert.deepEqual(faults, [fault]);
  });
}

test('fewer bytes than a header are told', async () => {
  assert.deepEqual(await read(new Uint8Array(15)), { messages: [], faults: ['image-truncated'] });
});

test('messages of netlink itself are left out', async () => {
  const { messages, faults } = await read(Buffer.concat([message(3, [0, 0, 0, 0]), message(20, [1, 2, 3, 4])]));
  assert.deepEqual([messages.length, faults], [1, []]);
});

test('an attribute that lies about its length ends the list; those before it stand', () => {
  for (const length of [0, 3, 5, 0xffff]) {
    const bad = new Uint8Array([length & 0xff, length >> 8, 2, 0]);
    const why: string[] = [];
    const found = decodeAttributes(Buffer.concat([attribute(1, [7]), bad]), 0, (text) => void why.push(text));
    assert.deepEqual([[...found].map(([type, bytes]) => [type, ...bytes]), why.length], [[[1, 7]], 1], `${length}`);
  }
});

test('any bytes are read to a result, in bounded time and without an exception', async () => {
  const decoders = [decodeAddress, decodeRoute, decodeRule, decodeConnection, decodeExpectation];
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    // Sound frames around anything, so that the decoders are reached.
    fc
      .array(fc.tuple(fc.constantFrom(20, 24, 32, 0x100, 0x200), fc.uint8Array({ maxLength: 120 })), { maxLength: 5 })
      .map((given) => new Uint8Array(Buffer.concat(given.map(([type, body]) => message(type, [...body]))))),
  );
  await fc.assert(
    fc.asyncProperty(hostile, async (bytes) => {
      const { messages } = await read(bytes);
      for (const each of messages) {
        for (const decode of decoders) {
          let faults = 0;
          const row = decode(each, () => {
            faults += 1;
          });
          if (row) JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
          assert.ok(faults <= each.payload.length + 1);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
