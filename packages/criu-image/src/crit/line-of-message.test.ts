import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../text-codec.ts';
import { toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { arbitraryMessage } from '../arbitrary-message.fixture.ts';
import { MESSAGES } from '../gen/shapes.ts';
import { schemaNamed } from '../schemas.ts';
import { readMessage } from '../wire/read-message.ts';
import { type MessageName, shapeOf } from '../wire/shape.ts';
import { Wire } from '../wire/wire.ts';
import { AsciiText } from './ascii-text.ts';
import { textOf } from './json-text.ts';
import { writeLine } from './line-of-message.ts';
import { messageToJson } from './message-to-json.ts';

const names = (Object.keys(MESSAGES) as MessageName[]).filter((name) => name !== 'CRIU_Opts');

/** The line of a message by the short way; undefined where that leaves it to the long one. */
function short(name: MessageName, bytes: Uint8Array): string | undefined {
  const text = new AsciiText(1);
  try {
    return writeLine(shapeOf(name), new Wire(bytes), bytes.length, text) ? text.take() : undefined;
  } catch {
    return undefined;
  }
}

function long(name: MessageName, bytes: Uint8Array): string {
  let isWhole = true;
  const onLoss = () => {
    isWhole = false;
  };
  const json = messageToJson(shapeOf(name), readMessage(name, bytes), { onLoss });
  assert.ok(isWhole, 'a message of which something is left out takes the long way, which tells');
  return textOf(json, undefined);
}

test('any message is the same line by the short way as by the long one, and one that is whole takes the short one', () => {
  for (const name of names) {
    const schema = schemaNamed(name);
    const damage = fc.array(fc.record({ at: fc.nat(1 << 16), byte: fc.nat(255) }), { maxLength: 2 });
    fc.assert(
      fc.property(arbitraryMessage(schema), damage, (message, changes) => {
        const bytes = toBinary(schema, message);
        assert.equal(short(name, bytes), long(name, bytes));
        for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const line = short(name, bytes);
        if (line !== undefined) assert.equal(line, long(name, bytes));
      }),
      { numRuns: 30 },
    );
  }
});

test('a field that is given twice, out of order or not known takes the long way', () => {
  const [first, second] = [Uint8Array.of(0x08, 1), Uint8Array.of(0x10, 2)];
  const line = (...parts: Uint8Array[]) => short('fs_entry', Buffer.concat(parts));
  assert.equal(line(first, second), '{"cwd_id": 1, "root_id": 2}');
  assert.equal(line(second, first), undefined);
  assert.equal(line(first, first, second), undefined);
  assert.equal(line(first, second, Uint8Array.of(0xa0, 0x06, 5)), undefined);
});

test('any whole number up to 2^53 is written in base 10', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(0, 9, 10, 999_999_999, 1e9, 2 ** 53)), (value) => {
      const text = new AsciiText(1);
      text.integer(value);
      assert.equal(text.take(), String(value));
    }),
  );
});
