import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { criLines } from './log-lines.ts';

const AT = '2026-01-01T00:00:00Z';
const convert = async (...chunks: (string | Uint8Array)[]) => {
  const source = (async function* () {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  })();
  const out: Buffer[] = [];
  for await (const part of criLines(source, AT)) out.push(part);
  return Buffer.concat(out).toString();
};

test('what CRI-O, containerd and podman wrote stays as it is', async () => {
  const log =
    '2026-11-24T04:00:00.5Z stdout F one\n2026-11-24T04:00:00+01:00 stderr P part\n2026-11-24T04:00:01Z stdout F \n';
  assert.equal(await convert(log), log);
});

test('lines of the json-file format are put into the CRI’s', async () => {
  const line = (log: string) => `${JSON.stringify({ log, stream: 'stderr', time: '2026-11-24T04:00:00.5Z' })}\n`;
  assert.equal(
    await convert(line('text\n'), line('no end')),
    '2026-11-24T04:00:00.5Z stderr F text\n2026-11-24T04:00:00.5Z stderr P no end\n',
  );
});

test('any other line becomes output of the moment of the checkpoint', async () => {
  assert.equal(
    await convert('plain\n{"log":1}\nlast'),
    `${AT} stdout F plain\n${AT} stdout F {"log":1}\n${AT} stdout F last\n`,
  );
});

test('a line without an end is given out in parts, whatever its length', async () => {
  const lines = (await convert(new Uint8Array(200_000).fill(120), '\nnext\n')).split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(21, 29)),
    ['stdout P', 'stdout P', 'stdout P', 'stdout F', 'stdout F', ''],
  );
  assert.equal(
    lines.slice(0, 4).reduce((sum, line) => sum + line.length - 30, 0),
    200_000,
  );
});

test('how the log is cut into chunks changes nothing, and every line is a line of the CRI', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ maxLength: 30 })), fc.nat(20), async (texts, size) => {
      const whole = Buffer.from(texts.join('\n'));
      const chunks: Buffer[] = [];
      for (let at = 0; at < whole.length; at += size + 1) chunks.push(whole.subarray(at, at + size + 1));
      const converted = await convert(...chunks);
      assert.equal(converted, await convert(whole));
      assert.ok(
        converted
          .split('\n')
          .slice(0, -1)
          .every((line) => / (stdout|stderr) [FP] /.test(`${line} `)),
      );
    }),
  );
});
