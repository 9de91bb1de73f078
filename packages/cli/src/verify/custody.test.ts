/** A chain of custody that was changed beside its archive, as `verify` reads it. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { appendCustody } from '../custody/append.ts';
import { factsNow } from '../custody/note.ts';
import { checkCustody } from './custody.ts';

const digest = digestOf(Buffer.from('archive'));
const payload = Buffer.from('{}').toString('base64');
const bytes = Buffer.from(JSON.stringify({ payloadType: 't', payload, signatures: [] }));
const subject = { archive: digest, statement: digestOf(Buffer.from('{}')) };
const { signal } = new AbortController();
type Lines = readonly string[];

async function withChain(use: (archive: string, chain: string, lines: Lines) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const archive = join(folder.path, 'a.tar');
  const facts = factsNow('ana', { name: 'a.tar', digest, bytes });
  for (const action of ['checkpoint', 'inspect', 'extract', 'verify'])
    await appendCustody(archive, { ...facts, action }, {});
  const chain = `${archive}.custody.jsonl`;
  await use(archive, chain, (await readFile(chain, 'utf8')).trimEnd().split('\n'));
}

const joined = (lines: Lines) => lines.map((line) => `${line}\n`).join('');
const swap = (lines: Lines, at: number) => lines.toSpliced(at, 2, ...lines.slice(at, at + 2).toReversed());

/** What was done to a chain of four, and the first line that does not follow. */
const CHANGES: readonly [string, (lines: Lines) => Lines, number][] = [
  ['the first line is taken out', (lines) => lines.toSpliced(0, 1), 1],
  ['the second line is taken out', (lines) => lines.toSpliced(1, 1), 2],
  ['the third line is taken out', (lines) => lines.toSpliced(2, 1), 3],
  ['a line stands there twice', (lines) => lines.toSpliced(1, 0, lines[1] ?? ''), 3],
  ['an empty line is put in', (lines) => lines.toSpliced(2, 0, ''), 3],
  ['a line becomes longer by a blank', (lines) => lines.with(1, `${lines[1]} `), 3],
  ['a line ends as on Windows', (lines) => lines.with(0, `${lines[0]}\r`), 2],
  ['the first two are swapped', (lines) => swap(lines, 0), 1],
  ['the middle two are swapped', (lines) => swap(lines, 1), 2],
  ['the last two are swapped', (lines) => swap(lines, 2), 3],
  ['the first line loses its beginning', (lines) => lines.with(0, lines[0]?.slice(7) ?? ''), 1],
  ['a line in the middle loses its end', (lines) => lines.with(1, lines[1]?.slice(0, -7) ?? ''), 2],
];

describe('a chain of custody does not hold where', () => {
  for (const [what, change, line] of CHANGES) {
    test(what, () =>
      withChain(async (archive, chain, lines) => {
        assert.deepEqual((await checkCustody(archive, [], subject, signal))?.faults, []);
        await writeFile(chain, joined(change(lines)));
        assert.equal((await checkCustody(archive, [], subject, signal))?.faults[0]?.line, line);
      }),
    );
  }

  test('the archive or the statement beside it was replaced', () =>
    withChain(async (archive) => {
      const other = digestOf(Buffer.from('other'));
      const faultOf = async (part: object) =>
        (await checkCustody(archive, [], { ...subject, ...part }, signal))?.faults[0]?.message ?? '';
      assert.match(await faultOf({ archive: other }), /is about another archive/);
      assert.match(await faultOf({ statement: other }), /another statement/);
    }));
});

test('an end that was cut off is known to who kept the digest of the last line', () =>
  withChain(async (archive, chain, lines) => {
    const whole = await checkCustody(archive, [], subject, signal);
    await writeFile(chain, joined(lines.slice(0, -1)));
    const cut = await checkCustody(archive, [], subject, signal);
    assert.deepEqual(cut?.faults, []);
    assert.notEqual(cut.head, whole?.head);
    await writeFile(chain, joined(lines).slice(0, -9));
    assert.deepEqual((await checkCustody(archive, [], subject, signal))?.torn, [4]);
  }));

test('what lies there instead of a chain is told, and ends neither memory nor time', () =>
  withChain(async (archive, chain) => {
    const check = () => checkCustody(archive, [], subject, signal);
    await rm(chain);
    assert.equal(await check(), undefined);
    await symlink('/dev/zero', chain);
    await assert.rejects(check(), { code: 'ERR_EVIDENCE_INVALID' });
    await rm(chain);
    await mkdir(chain);
    await assert.rejects(check(), { code: 'ERR_EVIDENCE_INVALID', message: /is no file of its own/ });
    await rm(chain, { recursive: true });
    await writeFile(chain, Buffer.alloc(1 << 20, 0x20));
    await assert.rejects(check(), { code: 'ERR_EVIDENCE_INVALID', message: /longer than any sound one/ });
    await writeFile(chain, '\n'.repeat(20_000));
    assert.equal((await check())?.faults.length, 100);
  }));
