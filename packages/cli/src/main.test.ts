/** The command as a user runs it, with streams and an exit code; a part of it as a process of its own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { atDesk } from './desk.fixture.ts';

const FIXTURE = fileURLToPath(new URL('../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

const COMMANDS: readonly [what: string, args: (archive: string) => string[]][] = [
  ['inspect', (archive) => ['inspect', archive]],
  ['inspect as JSON', (archive) => ['inspect', archive, '--output', 'json']],
  ['search', (archive) => ['search', archive, 'secret']],
  ['convert', (archive) => ['convert', archive, '--for', 'containerd']],
  ['maps', (archive) => ['maps', archive]],
  ['memory', (archive) => ['memory', archive, '--pid', '6', '--address', '0x1000']],
  ['strings', (archive) => ['strings', archive]],
  ['image build', (archive) => ['image', 'build', archive, 'oci:layout']],
];

/** Files that are no checkpoint; `undefined` is one that does not exist. */
async function wrongFiles(): Promise<Record<string, Uint8Array | undefined>> {
  const whole = await readFile(FIXTURE);
  return {
    'truncated.tar': whole.subarray(0, 700),
    'empty.tar': new Uint8Array(),
    'random.tar': randomBytes(100_000),
    'missing.tar': undefined,
  };
}

for (const [what, args] of COMMANDS) {
  test(`${what} of what is no checkpoint fails at once, says why, and leaves nothing behind`, () =>
    atDesk(async ({ work, run, spawn, left }) => {
      for (const [name, bytes] of Object.entries(await wrongFiles())) {
        if (bytes) await writeFile(join(work, name), bytes);
        const before = await left();
        // The start of a process is the same for all of them.
        const alone = name === 'truncated.tar';
        const begin = process.cpuUsage();
        const { code, stdout, stderr, milliseconds } = await (alone ? spawn : run)(...args(name));
        const { user, system } = process.cpuUsage(begin);
        assert.equal(code, 1, `${name}: ${stderr}`);
        assert.match(stderr, /^stillframe: .+ {2}\[ERR_[A-Z_]+\]\n/, name);
        assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
        assert.equal(stdout, '', name);
        assert.ok(milliseconds < 30_000, `${name} took ${Math.round(milliseconds)} ms, on a machine however busy`);
        assert.ok(user + system < 4e6, `${name} took ${Math.round((user + system) / 1000)} ms of the processor`);
        assert.deepEqual(await left(), before, name);
      }
    }));
}

test('an archive cut near its end is refused and where it is cut is said', () =>
  atDesk(async ({ work, run }) => {
    const whole = await readFile(FIXTURE);
    await writeFile(join(work, 'cut.tar'), whole.subarray(0, whole.length - 8192));
    const { code, stderr } = await run('inspect', 'cut.tar');
    assert.equal(code, 1);
    assert.match(stderr, /cut\.tar is truncated at byte \d+: .*\[ERR_ARCHIVE_TRUNCATED\]/);
  }));

test('a damaged CRIU image is told, the rest is shown, and the exit code is that of partial evidence', () =>
  atDesk(async ({ work, run }) => {
    const bytes = await readFile(FIXTURE);
    await using checkpoint = await openCheckpoint(FIXTURE);
    const image = checkpoint.archive.entries.get('checkpoint/files.img');
    assert.ok(image);
    await writeFile(join(work, 'damaged.tar'), bytes.fill(0xff, image.offset, image.offset + image.size));
    const { code, stdout } = await run('inspect', 'damaged.tar');
    assert.equal(code, 4);
    assert.match(stdout, /Processes \([1-9]/);
    assert.match(stdout, /Faults of the evidence/);
    assert.match(stdout, /files\.img/);
  }));

test('an unknown command or option, and a missing argument, are errors of usage', () =>
  atDesk(async ({ run, spawn, left }) => {
    for (const args of [
      ['nonsense'],
      ['inspect', FIXTURE, '--nonsense'],
      ['--nonsense'],
      ['inspect'],
      ['inspect', FIXTURE, '--output', 'yaml'],
      ['inspect', FIXTURE, '--pid', 'one'],
      ['search', FIXTURE, ''],
      ['search', FIXTURE, 'zz', '--hex'],
      ['search', FIXTURE, 'x', '--limit', '0'],
      ['search', FIXTURE, '(', '--regex'],
      ['search', FIXTURE, 'x*', '--regex'],
      ['search', FIXTURE, '7f4', '--hex'],
      ['memory', FIXTURE, '--pid', '6'],
      ['memory', FIXTURE, '--pid', '6', '--address', 'here'],
      ['strings', FIXTURE, '--encoding', 'ebcdic'],
      ['image', 'nonsense'],
    ]) {
      const { code, stdout, stderr } = await (args.length === 1 ? spawn : run)(...args);
      assert.equal(code, 2, args.join(' '));
      assert.notEqual(stderr, '', args.join(' '));
      assert.equal(stdout, '', args.join(' '));
    }
    assert.deepEqual(await left(), []);
  }));

test('help and version are results', () =>
  atDesk(async ({ spawn }) => {
    const version = await spawn('--version');
    assert.deepEqual([version.code, version.stderr], [0, '']);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    const help = await spawn('--help');
    assert.equal(help.code, 0);
    for (const name of ['inspect', 'search', 'checkpoint', 'restore', 'doctor']) assert.ok(help.stdout.includes(name));
  }));

test('an address that strings tells is what memory shows', () =>
  atDesk(async ({ run, spawn }) => {
    const lines = (await run('strings', FIXTURE, '--output', 'jsonl', '--min-length', '6')).stdout
      .trimEnd()
      .split('\n');
    const token = lines.map((line) => JSON.parse(line)).find(({ text }) => text.startsWith('TOKEN='));
    assert.ok(token);
    const range = ['memory', FIXTURE, '--pid', String(token.pid), '--address', token.address];
    const raw = await spawn(...range, '--length', String(token.bytes), '--output', 'raw');
    assert.deepEqual([raw.code, raw.stdout], [0, token.text]);
    const dump = await run(...range);
    assert.ok(dump.stdout.startsWith(token.address), dump.stdout);
    const maps = JSON.parse((await run('maps', FIXTURE, '--output', 'json')).stdout);
    const rows = maps.processes.flatMap(({ maps }: { maps: { start: string; backing: string }[] }) => maps);
    const row = rows.find(({ start }: { start: string }) => start === token.mapping.start);
    assert.equal(row.backing, token.mapping.backing);
  }));

test('memory that is not in the checkpoint is told, and the exit code says so', () =>
  atDesk(async ({ run }) => {
    const code = ['memory', FIXTURE, '--pid', '6', '--address', '0x400000', '--length', '32'];
    const hex = await run(...code);
    assert.deepEqual([hex.code, hex.stdout], [4, '0x400000            … 0x400020  absent: file\n']);
    const raw = await run(...code, '--output', 'raw');
    assert.deepEqual([raw.code, raw.stdout], [4, '\0'.repeat(32)]);
    assert.match(raw.stderr, /32 B of 32 B are not there/);
  }));

test('every JSON document parses and says what it is', () =>
  atDesk(async ({ run }) => {
    for (const [kind, ...args] of [
      ['Inspection', 'inspect', FIXTURE],
      ['MemoryMatchList', 'search', FIXTURE, 'TOKEN'],
      ['MemoryMapList', 'maps', FIXTURE],
      ['OpenFileList', 'files', FIXTURE],
      ['SocketList', 'sockets', FIXTURE],
      ['MemoryTextList', 'strings', FIXTURE],
      ['CheckpointImage', 'image', 'build', FIXTURE, 'oci:layout'],
    ] as const) {
      const { code, stdout, stderr } = await run(...args, '--output', 'json');
      assert.equal(code, 0, stderr);
      const document = JSON.parse(stdout);
      assert.deepEqual([document.kind, document.schemaVersion], [kind, 1]);
    }
    const lines = (await run('search', FIXTURE, 'TOKEN', '--output', 'jsonl')).stdout.trimEnd().split('\n');
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const { kind, schemaVersion } = JSON.parse(line);
      assert.deepEqual([kind, schemaVersion], ['MemoryMatch', 1]);
    }
    const doctor = JSON.parse((await run('doctor', '--output', 'json')).stdout);
    assert.equal(typeof doctor.kind, 'string');
    assert.equal(typeof doctor.schemaVersion, 'number');
    const image = JSON.parse((await run('image', 'inspect', 'oci:layout', '-o', 'json')).stdout);
    assert.deepEqual([image.kind, image.schemaVersion, image.checkpoint], ['CheckpointImage', 1, true]);
  }));
