import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import fc from 'fast-check';
import { CONTROL_LIMIT, encodeFrame, type Frame, FrameReader } from './frame.ts';

const id = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 300 });
const plainly = { noNullPrototype: true };
const kind = <K extends string>(name: K) => fc.constant(name);

const anyFrame = fc.oneof(
  fc.record(
    { kind: kind('data'), stream: id, fin: fc.boolean(), data: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
    plainly,
  ),
  fc.record(
    {
      kind: kind('syn-stream'),
      stream: id,
      associated: fc.integer({ min: 0, max: 0x7fffffff }),
      fin: fc.boolean(),
      unidirectional: fc.boolean(),
      block: bytes,
    },
    plainly,
  ),
  fc.record({ kind: kind('syn-reply'), stream: id, fin: fc.boolean(), block: bytes }, plainly),
  fc.record({ kind: kind('headers'), stream: id, fin: fc.boolean(), block: bytes }, plainly),
  fc.record({ kind: kind('rst-stream'), stream: id, status: word }, plainly),
  fc.record(
    {
      kind: kind('settings'),
      entries: fc.array(
        fc.record({ id: fc.integer({ min: 0, max: 0xffffff }), flags: fc.nat(255), value: word }, plainly),
        {
          maxLength: 8,
        },
      ),
    },
    plainly,
  ),
  fc.record({ kind: kind('ping'), id: word }, plainly),
  fc.record({ kind: kind('go-away'), lastStream: fc.integer({ min: 0, max: 0x7fffffff }), status: word }, plainly),
  fc.record({ kind: kind('window-update'), stream: fc.nat(0x7fffffff), delta: fc.nat(0x7fffffff) }, plainly),
);

test('every frame is read as it was written, in pieces of any size', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), (frames, step) => {
      assert.deepEqual(joined(read(Buffer.concat(frames.map(encodeFrame)), step)), joined(frames.map(plain)));
    }),
  );
});

test('the bytes of a frame are those of the draft', () => {
  assert.equal(encodeFrame({ kind: 'ping', id: 7 }).toString('hex'), '800300060000000400000007');
  assert.equal(
    encodeFrame({ kind: 'data', stream: 1, fin: true, data: Buffer.from('ab') }).toString('hex'),
    '00000001010000026162',
  );
  assert.equal(
    encodeFrame({ kind: 'rst-stream', stream: 3, status: 5 }).toString('hex'),
    '80030003000000080000000300000005',
  );
});

test('a data frame of 16 MiB is handed on as it comes, its end with the last piece', () => {
  const reader = new FrameReader();
  const header = Buffer.from('0000000101ffffff', 'hex');
  assert.deepEqual([...reader.push(header)], []);
  const [first] = reader.push(Buffer.alloc(1000));
  assert.ok(first?.kind === 'data' && !first.fin && first.data.byteLength === 1000);
  const last = [...reader.push(Buffer.alloc(0xffffff - 1000))].at(-1);
  assert.ok(last?.kind === 'data' && last.fin);
});

test('a frame of a type that is not known is passed over', () => {
  const reader = new FrameReader();
  const frames = [...reader.push(Buffer.from('8003000b0000000100' + '800300060000000400000001', 'hex'))];
  assert.deepEqual(frames, [
    { kind: 'unknown', type: 11 },
    { kind: 'ping', id: 1 },
  ]);
});

for (const [what, hex] of [
  ['of another version', '800200060000000400000001'],
  ['of more than the limit', `80030001${'00'}${(CONTROL_LIMIT + 1).toString(16).padStart(6, '0')}`],
  ['too short for its type', '80030009000000040000 0001'.replace(' ', '')],
  ['for stream 0', '800300010000000a00000000000000000000'],
  ['with data for stream 0', '0000000000000001ff'],
  ['with more settings than bytes', '80030004000000040000ffff'],
] as const) {
  test(`a frame ${what} is refused at once`, () => {
    const reader = new FrameReader();
    assert.throws(
      () => [...reader.push(Buffer.from(hex, 'hex'))],
      (error) => isCode(error, 'ERR_SPDY_FRAME'),
    );
  });
}

test('any bytes are frames or an error of their own kind', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, control) => {
      const reader = new FrameReader();
      try {
        for (const frame of reader.push(control ? Buffer.concat([Buffer.from('8003', 'hex'), noise]) : noise))
          void frame;
      } catch (error) {
        assert.ok(isCode(error, 'ERR_SPDY_FRAME'), String(error));
      }
    }),
  );
});

function read(all: Buffer, step: number): Frame[] {
  const reader = new FrameReader();
  const found: Frame[] = [];
  for (let offset = 0; offset < all.length; offset += step)
    found.push(...reader.push(all.subarray(offset, offset + step)));
  return found.map(plain);
}

/** Data frames come in pieces; for comparison neighbours of one stream are put together. */
function joined(frames: readonly Frame[]): Frame[] {
  const whole: Frame[] = [];
  for (const frame of frames) {
    const last = whole.at(-1);
    if (frame.kind === 'data' && last?.kind === 'data' && last.stream === frame.stream && !last.fin) {
      whole[whole.length - 1] = { ...frame, data: Buffer.concat([last.data, frame.data]) };
    } else whole.push(frame);
  }
  return whole;
}

function plain(frame: Frame): Frame {
  if (frame.kind === 'data') return { ...frame, data: Buffer.from(frame.data) };
  return 'block' in frame ? { ...frame, block: Buffer.from(frame.block) } : frame;
}
