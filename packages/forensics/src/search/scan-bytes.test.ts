import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bytesSource } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import fc from 'fast-check';
import { type NamedPattern, textPattern } from './pattern.ts';
import { scanBytes } from './scan-bytes.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url));
const run = promisify(execFile);

const regex = (source: string): NamedPattern => ({ id: source, pattern: { kind: 'regex', source } });
const hex = (source: string): NamedPattern => ({ id: source, pattern: { kind: 'hex', source } });

async function* inParts(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const found = async (...args: Parameters<typeof scanBytes>) =>
  (await Array.fromAsync(scanBytes(...args))).map(({ pattern, offset, bytes }) => `${pattern} ${offset}+${bytes}`);

test('a stream gives what the whole gives, however it comes and whatever the size of the window', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '.'), maxLength: 400 }).map((part) => part.repeat(40));
  const patterns = [textPattern('ab'), textPattern('aa'), regex('^b+'), regex('a.{2,9}b$'), regex('\\b(?:ab)+')];
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.integer({ min: 50, max: 3000 }),
      fc.integer({ min: 50, max: 9000 }),
      async (all, size, chunkSize) => {
        const bytes = Buffer.from(all);
        const expected = patterns
          .flatMap(({ id, pattern }, order) => {
            const source = pattern.kind === 'regex' ? pattern.source : id;
            return [...all.matchAll(new RegExp(source, 'gm'))].map(({ index, 0: match }) => ({
              id,
              order,
              index,
              match,
            }));
          })
          .sort((a, b) => a.index - b.index || a.order - b.order)
          .map(({ id, index, match }) => `${id} ${index}+${match.length}`);
        assert.deepEqual(await found(patterns, inParts(bytes, size), { chunkSize }), expected);
        assert.deepEqual(await found(patterns, bytesSource(bytes)), expected);
      },
    ),
    { numRuns: 30 },
  );
});

test('what grep prints of a file is what is found in it', async () => {
  await using source = await openFileSource(FIXTURE);
  for (const [pattern, expression] of [
    [textPattern('redis'), 'redis'],
    [textPattern('aa'), 'aa'],
    [textPattern('REDIS', { ignoreCase: true }), '(?i)redis'],
    [regex('[a-z]{3,8}:\\d+'), '[a-z]{3,8}:\\d+'],
    [regex('user:\\d'), 'user:\\d'],
    [regex('PASS[A-Z]*=[^\\0\\n]{1,40}'), 'PASS[A-Z]*=[^\\0\\n]{1,40}'],
    [hex('7f 45 4c 46 0? [2-4] 00'), '\\x7fELF[\\x00-\\x0f](?s:.{2,4}?)\\x00'],
    [hex('(52 | 72) 65 64 ~00'), '[Rr]ed[^\\x00]'],
  ] as const) {
    // Grep looks at lines: a file of one line has what they would hide.
    const { stdout } = await run('grep', ['-obUaPz', expression, FIXTURE], {
      env: { LC_ALL: 'C' },
      encoding: 'latin1',
      maxBuffer: 1 << 26,
    }).catch((error) => error);
    const offsets = offsetsOf(stdout);
    const mine = (await Array.fromAsync(scanBytes([pattern], source))).map(({ offset }) => offset);
    // With -z lines end at zeroes, which hides a match that holds one, and nothing else.
    const bytes = await readFile(FIXTURE);
    assert.ok(mine.length > 0, pattern.id);
    if (!expression.includes('\\x00')) assert.deepEqual(mine, offsets, pattern.id);
    else assert.ok(mine.every((at) => bytes.subarray(at, at + 3).length === 3));
  }
});

function offsetsOf(stdout: string): number[] {
  return stdout
    .split('\0')
    .map((line) => /^(\d+):/.exec(line)?.[1])
    .filter((offset) => offset !== undefined)
    .map(Number);
}

test('texts may be wide, of any case, or beyond ASCII', async () => {
  const bytes = Buffer.concat([Buffer.from('Größe größe '), Buffer.from('größe', 'utf16le'), Buffer.from('GRöẞE')]);
  assert.deepEqual(await found([textPattern('größe')], bytesSource(bytes)), ['größe 8+7']);
  assert.deepEqual(await found([textPattern('größe', { ignoreCase: true })], bytesSource(bytes)), [
    'größe 0+7',
    'größe 8+7',
  ]);
  assert.deepEqual(await found([textPattern('größe', { wide: true })], bytesSource(bytes)), [
    'größe 8+7',
    'größe 16+10',
  ]);
  assert.deepEqual(await found([regex('gr(ö|x)+ß.')], bytesSource(bytes)), ['gr(ö|x)+ß. 8+7']);
  const [match] = await Array.fromAsync(scanBytes([textPattern('größe')], bytesSource(bytes), { context: 2 }));
  assert.deepEqual([Buffer.from(match?.context ?? []).toString(), match?.contextOffset], ['e größe g', 2]);
});

test('a match has at most 4096 bytes; what is longer is cut where the expression allows it', async () => {
  const bytes = Buffer.from(`${'a'.repeat(10_000)}b`);
  assert.deepEqual(await found([regex('a+')], bytesSource(bytes)), ['a+ 0+4096', 'a+ 4096+4096', 'a+ 8192+1808']);
  assert.deepEqual(await found([regex('a+b')], bytesSource(bytes)), ['a+b 5905+4096']);
});

test('what is no pattern is refused, with its name and the reason', async () => {
  const refused = async (pattern: NamedPattern, reason: RegExp) =>
    assert.rejects(found([pattern], bytesSource(Buffer.from('x'))), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_SEARCH_PATTERN_INVALID');
      assert.match(error.message, reason);
      return true;
    });
  await refused(regex('('), /\(.*Unterminated group/);
  await refused(regex('x*'), /x\* .*matches nothing as well/);
  await refused(regex('[ä]'), /several in UTF-8/);
  await refused(regex(''), /1 to 4096 characters/);
  await refused(textPattern(''), /1 to 4096 bytes/);
  for (const wrong of [
    '4g',
    '4',
    '?? ??',
    '[2-4] 00',
    '00 [4-2] 00',
    '00 [5000] 00',
    '(00',
    '00)',
    '(00|)',
    '00 | 11',
    '',
  ])
    await refused(hex(wrong), /no hexadecimal/);
  await refused(hex(`${'('.repeat(20)}00`), /parentheses/);
  const broken: NamedPattern = { id: 'broken', pattern: { kind: 'literal', bytes: Uint8Array.of(0xff), wide: true } };
  await refused(broken, /broken is no UTF-8/);
});

test('an expression that backtracks for ever is given up, by its name', async () => {
  const begin = performance.now();
  const bytes = Buffer.alloc(1 << 16, 'a');
  await assert.rejects(
    found([textPattern('b'), { id: 'slow', pattern: { kind: 'regex', source: '(a+)+c' } }], bytesSource(bytes)),
    {
      code: 'ERR_SEARCH_PATTERN_SLOW',
      message: /^the pattern slow takes more than/,
    },
  );
  assert.ok(performance.now() - begin < 30_000);
});
