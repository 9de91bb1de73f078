/** `stillframe convert --zstd` and `--drop-zero-pages`. */
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { digestOf, readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { Command } from 'commander';
import { FIXTURE, writeWithZeroes } from '../image/desk.fixture.ts';
import type { Io } from '../io.ts';
import { convert } from './convert.ts';

async function run(signal: AbortSignal, ...args: string[]): Promise<string> {
  let out = '';
  const io = { out: (part: string) => (out += part), err: () => undefined, env: {}, signal } as unknown as Io;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  convert(program, io, () => undefined);
  await program.parseAsync(['convert', ...args], { from: 'user' });
  return out;
}

async function atWork(
  use: (at: (name: string) => string, ran: (...args: string[]) => Promise<string>) => Promise<void>,
) {
  await using folder = await openTemporaryFolder(tmpdir());
  const at = (name: string) => join(folder.path, name);
  await copyFile(FIXTURE, at('a.tar'));
  await writeWithZeroes(at('zeroes.tar'), 2);
  await use(at, (...args) => run(new AbortController().signal, ...args));
}

test('--zstd makes a smaller file of the same content, read frame by frame', () =>
  atWork(async (at, ran) => {
    const body = JSON.parse(await ran(at('a.tar'), '--zstd', '--output', 'json'));
    assert.equal(body.archive, at('a.tar.zst'));
    const bytes = await readFile(body.archive);
    assert.deepEqual([body.digest, body.size], [digestOf(bytes), bytes.length]);
    assert.equal((await stat(body.archive)).mode & 0o777, 0o600);
    const plain = await readFile(FIXTURE);
    assert.ok(bytes.length < plain.length / 3);
    assert.equal(body.contentDigest, digestOf(plain));
    await using made = await openCheckpoint(body.archive, { cacheFolder: '/nonexistent' });
    const { tar } = made.archive;
    assert.deepEqual(Buffer.from(await readAll(tar ?? assert.fail(), { limit: 1 << 24 })), plain);
    // And of a compressed one another of another level.
    assert.match(
      await ran(body.archive, at('b.tar.zst'), '--zstd=19'),
      /content +[0-9a-f]{64}, without the compression/,
    );
    assert.ok((await stat(at('b.tar.zst'))).size <= bytes.length);
  }));

test('a target after --zstd is a target, a number is its level', () =>
  atWork(async (at, ran) => {
    await ran(at('a.tar'), '--zstd', at('one.tar.zst'));
    await ran('--zstd', at('a.tar'), at('two.tar.zst'));
    await ran(at('a.tar'), at('three.tar.zst'), '--zstd', '3');
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => readFile(at(`${name}.tar.zst`))));
    assert.deepEqual([two, three], [one, one]);
  }));

test('wishes go together, and the name of the file says what was done', () =>
  atWork(async (at, ran) => {
    const wishes = ['--for', 'containerd', '--drop-zero-pages'];
    const body = JSON.parse(await ran(at('zeroes.tar'), ...wishes, '--output', 'json'));
    assert.equal(body.archive, at('zeroes.containerd.no-zeroes.tar'));
    assert.ok(body.dropped.pages === 2);
    await using made = await openCheckpoint(body.archive);
    assert.ok(made.archive.has('status.dump'));
    const text = await ran(at('zeroes.tar'), '--drop-zero-pages', '--zstd');
    assert.match(text, /zero pages +2 pages of zeroes \(8\S* KiB\) left out\n/);
    assert.match(text, /evidence +none: it stays with the archive that was captured/);
    assert.ok((await readdir(at('.'))).includes('zeroes.no-zeroes.tar.zst'));
    await assert.rejects(ran(at('zeroes.no-zeroes.tar.zst'), '--drop-zero-pages'), {
      code: 'ERR_CHECKPOINT_CONVERSION',
      message: /no page can be left out/,
    });
  }));

test('what containerd could not read is not made for it, and nothing is left of what is broken off', () =>
  atWork(async (at, ran) => {
    await assert.rejects(ran(at('a.tar'), '--for', 'containerd', '--zstd'), {
      code: 'ERR_CHECKPOINT_CONVERSION',
      hint: /image build/,
    });
    const aborted = run(AbortSignal.abort(new Error('enough')), at('a.tar'), '--zstd');
    await assert.rejects(aborted, /enough/);
    assert.deepEqual((await readdir(at('.'))).sort(), ['a.tar', 'zeroes.tar']);
  }));
