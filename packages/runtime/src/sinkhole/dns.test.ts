import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerTo, parseQuery } from './dns.ts';

const ADDRESSES = { ipv4: '198.18.0.1', ipv6: 'fd53::1' };

function query(name: string, type: number, more = Buffer.alloc(0)): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const head = Buffer.from([0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, more.length > 0 ? 1 : 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, type, 0, 1]), more]);
}

test('a name is answered with the fixed address, whatever it is', () => {
  const message = query('exfil.example', 1);
  const question = parseQuery(message) ?? assert.fail();
  assert.deepEqual({ ...question }, { id: 0x1234, flags: 0x0100, name: 'exfil.example', type: 1, class: 1, end: 31 });
  const answer = Buffer.from(answerTo(message, question, ADDRESSES));
  assert.deepEqual(
    answer,
    Buffer.concat([
      Buffer.from([0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]),
      message.subarray(12),
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 198, 18, 0, 1]),
    ]),
  );
});

test('an IPv6 address where there is one, no record of other types, and extensions of the query are left out', () => {
  const aaaa = query('a.b', 28, Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]));
  const answer = Buffer.from(answerTo(aaaa, parseQuery(aaaa) ?? assert.fail(), ADDRESSES));
  assert.equal(answer.subarray(-16).toString('hex'), 'fd530000000000000000000000000001');
  assert.equal(answer.readUInt16BE(10), 0);
  const none = Buffer.from(answerTo(aaaa, parseQuery(aaaa) ?? assert.fail(), { ipv4: '198.18.0.1' }));
  assert.deepEqual([none.readUInt16BE(2) & 0xf, none.readUInt16BE(6)], [0, 0]);
  const mx = query('a.b', 15);
  assert.equal(Buffer.from(answerTo(mx, parseQuery(mx) ?? assert.fail(), ADDRESSES)).readUInt16BE(6), 0);
});

test('names of any bytes become one harmless line', () => {
  const message = query('x', 1);
  message[13] = 0x0a;
  assert.equal(parseQuery(message)?.name, '\\010');
});

test('anything else is no query, at whatever place it is cut or changed', () => {
  const message = query('exfil.example', 1);
  for (let end = 0; end < message.length; end += 1) assert.equal(parseQuery(message.subarray(0, end)), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const question = parseQuery(bytes);
      if (question) assert.ok(answerTo(bytes, question, ADDRESSES).length <= bytes.length + 44);
    }),
  );
});
