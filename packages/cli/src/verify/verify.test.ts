/** `stillframe verify` as a user runs it: what was changed is found, and what could not be checked is told. */
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openCheckpoint, rangesOf } from '@stillframe/checkpoint';
import { hexOf } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import {
  encodeCapture,
  makeSigningKey,
  measure,
  publicPemOf,
  readSigningKey,
  signEnvelopeText,
} from '@stillframe/evidence';
import { atDesk, type Desk } from '../desk.fixture.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

/** An archive with evidence as a node writes it, signed with node.key, whose public half is node.pub. */
async function captured({ work }: Desk): Promise<{ path: string; ranges: ReturnType<typeof rangesOf> }> {
  const path = join(work, 'c.tar');
  await copyFile(FIXTURE, path);
  await using checkpoint = await openCheckpoint(path);
  const ranges = rangesOf(checkpoint.archive.entries);
  await using source = await openFileSource(path);
  const { digest, size, entries, memory } = await measure(source, ranges);
  const key = readSigningKey(makeSigningKey('p256'));
  const text = encodeCapture({
    archive: { name: 'c.tar', digest, size },
    container: { id: 'c', name: 'counter', podName: 'p', kubeNamespace: 'n', image: 'i', imageID: 'd' },
    versions: { stillframe: '0', ociRuntime: 'runc', criu: '4.2' },
    node: { hostname: 'h', kernel: 'k' },
    ...{ startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' },
    pause: { truePause: 5, dump: 3, rootfsDiff: 1 },
    ...{ options: {}, notCaptured: [], contents: { entries, memory } },
  });
  await writeFile(`${path}.evidence.json`, signEnvelopeText(text, key));
  await writeFile(join(work, 'node.pub'), publicPemOf(key));
  return { path, ranges };
}

interface Document {
  holds: boolean;
  checks: Record<'signature' | 'archive' | 'entries' | 'memory' | 'custody', { state: string; text: string }>;
  entries: { name: string; what: string }[];
}

async function verified(desk: Desk, ...more: string[]): Promise<Document & { code: number | null; states: string }> {
  const { code, stdout } = await desk.run('verify', 'c.tar', '--output', 'json', ...more);
  const document: Document = JSON.parse(stdout);
  const states = Object.values(document.checks).map(({ state }) => state);
  return { ...document, code, states: states.join(' ') };
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

test('an archive that is what was captured holds; without a key nobody is said to vouch for it', () =>
  atDesk(async (desk) => {
    await captured(desk);
    const first = await verified(desk);
    assert.deepEqual([first.code, first.states], [0, 'unchecked holds holds holds unchecked']);
    assert.match(first.checks.signature.text, /one signature; no key was given/);
    // The first run began the chain of custody.
    const signed = await verified(desk, '--key', 'node.pub');
    assert.deepEqual([signed.code, signed.states], [0, 'holds holds holds holds holds']);
    const { stdout, code } = await desk.run('verify', 'c.tar');
    assert.equal(code, 0);
    assert.match(stdout, /everything that was checked holds; not checked: signature\n$/);
  }));

test('one byte that is flipped is found wherever it lies, and the entry is named', () =>
  atDesk(async (desk) => {
    const { path, ranges } = await captured(desk);
    const whole = await readFile(path);
    const bodies = ranges.filter(({ size }) => size > 0);
    // The first run begins the chain of custody.
    let chain = 'unchecked';
    const some = bodies.filter(({ name }, at) => at % 6 === 0 || name.includes('pages-'));
    for (const { name, offset, size } of some) {
      await flip(path, offset + Math.floor(size / 2));
      const { code, states, entries, checks } = await verified(desk);
      const memory = name.includes('pages-') ? 'fails' : 'holds';
      assert.deepEqual([code, states], [1, `unchecked fails fails ${memory} ${chain}`], name);
      chain = 'holds';
      assert.deepEqual([entries[0]?.name, entries[0]?.what, entries.length], [name, 'changed', 1]);
      assert.match(checks.entries.text, /the first changed/);
      await writeFile(path, whole);
    }
    // A header: the archive cannot be read from there on.
    const third = bodies[3] ?? assert.fail();
    await flip(path, third.offset - 512);
    const header = await verified(desk);
    assert.deepEqual([header.code, header.entries[0]?.name, header.entries[0]?.what], [1, third.name, 'removed']);
    assert.match(header.checks.entries.text, /the archive is damaged/);
    await writeFile(path, whole);
    // The end mark belongs to no entry.
    await flip(path, whole.length - 1);
    const end = await verified(desk);
    assert.deepEqual([end.code, end.checks.archive.state, end.entries], [1, 'fails', []]);
    assert.match(end.checks.entries.text, /^the archive is damaged: behind io\.kubernetes/);
    await writeFile(path, whole);
    await flip(path, 0);
    assert.equal((await verified(desk)).code, 1);
  }));

test('entries that are added or removed are named', () =>
  atDesk(async (desk) => {
    const { path, ranges } = await captured(desk);
    const bytes = await readFile(path);
    const [one, two] = [ranges[2] ?? assert.fail(), ranges[3] ?? assert.fail()];
    const padded = (size: number) => Math.ceil(size / 512) * 512;
    const from = two.offset - 512;
    assert.equal(from, one.offset + padded(one.size));
    const end = two.offset + padded(two.size);
    await writeFile(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]));
    const removed = await verified(desk);
    assert.deepEqual(
      removed.entries.map(({ name, what }) => [name, what]),
      [[two.name, 'removed']],
    );
    const copy = Buffer.from(bytes.subarray(one.offset - 512, from));
    copy.write('zz', 0);
    copy.fill(' ', 148, 156);
    const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await writeFile(path, Buffer.concat([bytes.subarray(0, from), copy, bytes.subarray(from)]));
    const added = await verified(desk);
    assert.deepEqual(
      added.entries.map(({ what }) => what),
      ['added'],
    );
    assert.equal(added.code, 1);
  }));

test('another statement, another key’s signature and evidence that is not signed are told apart', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    const evidence = `${path}.evidence.json`;
    const text = await readFile(evidence, 'utf8');
    assert.equal((await verified(desk, '--key', 'node.pub')).code, 0);
    const other = readSigningKey(makeSigningKey());
    await writeFile(join(desk.work, 'other.pub'), publicPemOf(other));
    const strange = await desk.run('verify', path, '--key', 'other.pub');
    assert.equal(strange.code, 1);
    assert.match(strange.stdout, /the archive is what the statement says, but no key that was given has signed that/);
    const envelope = JSON.parse(text);
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"podName":"p"', '"podName":"q"');
    await writeFile(evidence, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }));
    const forged = await verified(desk, '--key', 'node.pub');
    assert.deepEqual([forged.code, forged.checks.signature.state], [1, 'fails']);
    assert.match(forged.checks.signature.text, /node\.pub did not make/);
    // The chain of custody knows which statement lay there.
    assert.match(forged.checks.custody.text, /another statement/);
    await writeFile(evidence, JSON.stringify({ ...envelope, signatures: [] }));
    const unsigned = await verified(desk, '--key', 'node.pub');
    assert.deepEqual([unsigned.code, unsigned.checks.signature.text], [1, 'the evidence is not signed']);
    await writeFile(evidence, text);
    assert.match((await verified(desk, '--key', 'other.pub')).checks.signature.text, /none by a key that was given/);
    await writeFile(evidence, signEnvelopeText(text, other));
    const both = await verified(desk, '--key', 'other.pub', '--key', 'node.pub');
    assert.match(both.checks.signature.text, /by node\.pub, other\.pub/);
  }));

test('what cannot be checked is an error that says what is missing', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    const refused = async (code: number, error: string, ...words: string[]) => {
      const ended = await desk.run('verify', ...words);
      assert.deepEqual([ended.code, ended.stdout], [code, '']);
      assert.match(ended.stderr, new RegExp(error));
    };
    await refused(1, 'ERR_FILE_UNREADABLE', 'none.tar');
    await refused(2, 'ERR_USAGE_ARGUMENT', 'c.tar', '--key', 'c.tar.evidence.json');
    await refused(1, 'ERR_FILE_UNREADABLE', 'c.tar', '--key', 'none.pub');
    await writeFile(`${path}.evidence.json`, '{}');
    await refused(1, 'ERR_EVIDENCE_INVALID', 'c.tar');
    await rm(`${path}.evidence.json`);
    await refused(1, 'ERR_EVIDENCE_MISSING', 'c.tar');
  }));

test('a compressed archive’s entries are those that were captured, though its bytes are others', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await writeFile(path, gzipSync(await readFile(path), { level: 1 }));
    const { code, states, checks } = await verified(desk);
    assert.deepEqual([code, states.slice(0, 27)], [1, 'unchecked fails holds holds']);
    const [, hex = ''] = /recorded was sha256:(\w+)|(\d+) were recorded/.exec(checks.archive.text) ?? [];
    assert.ok(hex === '' || hex.length === hexOf('sha256:').length + 64);
    await writeFile(path, gunzipSync(await readFile(path)));
    assert.equal((await verified(desk)).code, 0);
  }));

const linesOf = async (path: string) => (await readFile(`${path}.custody.jsonl`, 'utf8')).trimEnd().split('\n');

test('every command that opens the archive says so in its chain of custody', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await desk.run('ps', 'c.tar');
    await desk.run('extract', 'c.tar', '--to', 'out');
    await desk.run('image', 'build', 'c.tar', 'oci:layout:one');
    await desk.run('search', 'c.tar', 'TOKEN=', '--pid', '1');
    await desk.run('verify', 'c.tar', '--key', 'node.pub');
    const entries = (await linesOf(path)).map((line) => JSON.parse(line));
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['ps', 'extract', 'image build', 'search', 'verify'],
    );
    assert.deepEqual(entries[1].arguments, ['c.tar', '--to', 'out']);
    // What follows an option that names a key is left out.
    assert.deepEqual(entries[4].arguments, ['c.tar', '--key', '…']);
    assert.equal(entries[4].outcome, 'holds');
    const { checks, code } = await verified(desk);
    assert.deepEqual([code, checks.custody.state], [0, 'holds']);
    const text = await readFile(`${path}.custody.jsonl`, 'utf8');
    await writeFile(`${path}.custody.jsonl`, text.replace('"action":"extract"', '"action":"exploit"'));
    const broken = await verified(desk);
    assert.deepEqual([broken.code, broken.checks.custody.state], [1, 'fails']);
    assert.match(broken.checks.custody.text, /^line 3 does not follow on the line before it/);
  }));

test('an archive without evidence has no chain', () =>
  atDesk(async (desk) => {
    await copyFile(FIXTURE, join(desk.work, 'plain.tar'));
    await desk.run('ps', 'plain.tar');
    assert.deepEqual(await desk.left(), ['plain.tar']);
  }));

test('many at once leave one chain that holds', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await Promise.all(Array.from({ length: 5 }, () => desk.spawn('env', 'c.tar')));
    assert.equal((await linesOf(path)).length, 5);
    assert.equal((await verified(desk)).checks.custody.state, 'holds');
  }));

test('a line that a killed writer left is told and stays, and the next one goes behind it', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await desk.run('ps', 'c.tar');
    const chain = `${path}.custody.jsonl`;
    await writeFile(chain, `${await readFile(chain, 'utf8')}{"previous":"sha256:`);
    await desk.run('env', 'c.tar');
    assert.equal((await linesOf(path)).length, 3);
    const { checks, code } = await verified(desk);
    assert.deepEqual([code, checks.custody.state], [0, 'holds']);
    assert.match(checks.custody.text, /cut off while it was written: line 2$/);
  }));

test('a chain that cannot be written is told, and what was asked for is done', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await writeFile(join(desk.work, 'other'), 'mine');
    await symlink('other', `${path}.custody.jsonl`);
    const linked = await desk.run('ps', 'c.tar');
    assert.equal(linked.code, 0);
    assert.match(linked.stderr, /^warning: this access is not in the chain of custody/);
    assert.equal(await readFile(join(desk.work, 'other'), 'utf8'), 'mine');
    await rm(`${path}.custody.jsonl`);
    await mkdir(`${path}.custody.jsonl`);
    assert.equal((await desk.run('ps', 'c.tar')).code, 0);
    await chmod(path, 0o600);
  }));

test('a chain that was taken away and began anew is told as one that does not begin with the capture', () =>
  atDesk(async (desk) => {
    const { path } = await captured(desk);
    await rm(`${path}.custody.jsonl`, { force: true });
    await verified(desk);
    assert.match(
      (await verified(desk)).checks.custody.text,
      /^one entry, from verify.*does not begin with the capture/,
    );
  }));
