import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { needs } from '@stillframe/testkit';
import fc from 'fast-check';
import { drainedOutput } from './drain.ts';
import { HeadBuffer } from './head-buffer.ts';
import { factsOf, sessionOf } from './kill.ts';
import { PacketDump } from './packet-dump.ts';
import { openPipes } from './pipes.ts';
import { terminalSize } from './session.ts';

test('packets come out of a dump as they went in, in pieces of any size', () => {
  const packet = fc.record(
    { direction: fc.constantFrom('<' as const, '>' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (packets, step) => {
      const dump = packets
        .map(({ direction, bytes }) => dumped(direction, bytes))
        .join('2026/01/01 socat[1] N a word\n');
      const reader = new PacketDump();
      const found = (dump.match(new RegExp(`[^]{1,${step}}`, 'g')) ?? []).flatMap((piece) => reader.push(piece));
      assert.deepEqual(
        found,
        packets.map(({ direction, bytes }) => ({ direction, bytes: Buffer.from(bytes) })),
      );
    }),
  );
});

test('a dump without end of line is not held for ever', () => {
  const reader = new PacketDump();
  assert.throws(() => reader.push('x'.repeat(1 << 20)), RangeError);
});

test('an exec is its session and all descendants, and nobody else', () => {
  const all = [
    { pid: 1, parent: 0, session: 1 },
    { pid: 10, parent: 5, session: 10 },
    { pid: 11, parent: 10, session: 10 },
    { pid: 12, parent: 1, session: 10 },
    { pid: 13, parent: 11, session: 13 },
    { pid: 14, parent: 13, session: 13 },
    { pid: 20, parent: 1, session: 20 },
  ];
  assert.deepEqual([...sessionOf(10, all)].sort(), [10, 11, 12, 13, 14]);
});

test('a process may be called what it likes', () => {
  assert.deepEqual(factsOf('42 (a) 1 (S) b) S 7 42 43 0 -1'), { pid: 42, parent: 7, session: 43 });
  assert.equal(factsOf('42 (gone) Z 7 42 43 0'), undefined);
  assert.equal(factsOf(''), undefined);
});

test('the first bytes of an output are kept and the rest is read away', async () => {
  const stream = new PassThrough();
  const head = new HeadBuffer(stream, 5);
  for (let count = 0; count < 100; count += 1) stream.write('abc');
  stream.end();
  await head.ended;
  assert.equal(Buffer.from(head.bytes()).toString(), 'abcab');
});

test('sizes that no terminal has are none', () => {
  assert.deepEqual(terminalSize(80, 24), { width: 80, height: 24 });
  for (const [width, height] of [
    [0, 1],
    [1, 65_536],
    [1.5, 2],
    ['80', 24],
    [undefined, null],
  ]) {
    assert.equal(terminalSize(width, height), undefined);
  }
});

describe('pipes', needs('linux'), () => {
  const shell = async (script: string) => {
    const [input, output] = await openPipes(['in', 'out']);
    assert.ok(input && output);
    const child = spawn('sh', ['-c', script], { stdio: [input.far, output.far, 'ignore'] });
    input.closeFar();
    output.closeFar();
    return { child, input: input.near, output: drainedOutput(output.near) };
  };

  test('carry bytes and ends both ways, and can be opened by name', async () => {
    const { input, output } = await shell('cat; echo again > /dev/stdout');
    input.end('through ');
    assert.equal(await text(output.stream), 'through again\n');
  });

  test('have no name, which would keep CRIU from dumping their process', async () => {
    const { input, output } = await shell('readlink /proc/self/fd/0 /proc/self/fd/1');
    assert.match(await text(output.stream), /^pipe:\[\d+\]\npipe:\[\d+\]\n$/);
    input.destroy();
  });

  test('end soon after their process, whoever else holds them', async () => {
    const { child, input, output } = await shell('sleep 20 & echo done');
    const began = performance.now();
    const said = text(output.stream);
    await once(child, 'exit');
    await output.childEnded();
    assert.equal(await said, 'done\n');
    assert.ok(performance.now() - began < 15_000);
    input.destroy();
  });

  test('give a slow reader everything all the same', async () => {
    const { child, input, output } = await shell('head -c 3000000 /dev/zero');
    const ended = once(child, 'exit').then(() => output.childEnded());
    let length = 0;
    for await (const chunk of output.stream) {
      length += (chunk as Buffer).byteLength;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal(length, 3_000_000);
    await ended;
    input.destroy();
  });
});

function dumped(direction: string, bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
  return `${direction} 2026/01/01 00:00:00.000000001  length=${bytes.byteLength} from=0 to=${bytes.byteLength - 1}\n${hex}\n`;
}
