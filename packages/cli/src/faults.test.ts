/** Evidence with something wrong: every command says so, in text too, and ends with a code that says so. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { openCheckpoint } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { type CaptureEvidence, encodeCapture } from '@stillframe/evidence';
import { atDesk, PROGRAM } from './desk.fixture.ts';

const FIXTURE = fileURLToPath(new URL('../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

/** The fixture, whose entry `name` is called something else. */
async function without(name: string): Promise<Uint8Array> {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const bytes = await readFile(FIXTURE);
  const { headerOffset } = checkpoint.archive.entries.get(name) ?? assert.fail(name);
  const header = bytes.subarray(headerOffset, headerOffset + 512);
  header.write('x', header.indexOf(name.slice(-5)));
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

test('an archive without its process tree is searched all the same, and nobody takes the answer for whole', () =>
  atDesk(async ({ work, run }) => {
    await writeFile(join(work, 'treeless.tar'), await without('checkpoint/pstree.img'));
    const found = await run('search', 'treeless.tar', 'TOKEN=');
    assert.equal(found.code, 4);
    assert.match(found.stdout, /TOKEN=/);
    assert.match(found.stderr, /error process-tree-missing in pstree\.img/);
    const shown = await run('inspect', 'treeless.tar');
    assert.equal(shown.code, 4);
    assert.match(shown.stdout, /Processes \([1-9]/);
    assert.match(shown.stdout, /process-tree-missing/);
  }));

test('what --partial could not read is told, whatever the command and the compression', () =>
  atDesk(async ({ work, run }) => {
    const whole = await readFile(FIXTURE);
    const packed = gzipSync(whole);
    await writeFile(join(work, 'cut.tar'), whole.subarray(0, whole.length - 8192));
    await writeFile(join(work, 'cut.tar.gz'), packed.subarray(0, packed.length - 100));
    for (const archive of ['cut.tar', 'cut.tar.gz']) {
      for (const args of [
        ['search', archive, 'TOKEN'],
        ['maps', archive],
        ['strings', archive],
        ['core', archive, '--all', '--out', `${archive}.cores`],
      ]) {
        const { code, stderr } = await run(...args, '--partial');
        assert.equal(code, 4, `${args.join(' ')}: ${stderr}`);
        assert.match(stderr, /^error archive-truncated in /m, args.join(' '));
      }
    }
  }));

test('an archive is held against the evidence beside it', () =>
  atDesk(async ({ work, run }) => {
    const bytes = await readFile(FIXTURE);
    const path = join(work, 'a.tar');
    const evidence: CaptureEvidence = {
      archive: { name: 'a.tar', digest: digestOf(bytes), size: bytes.length },
      container: { id: 'a', name: 'c', podName: 'p', kubeNamespace: 'default', image: 'i', imageID: 'j' },
      versions: { stillframe: '0', ociRuntime: 'runc 1', criu: '4.2' },
      node: { hostname: 'h', kernel: 'k' },
      ...{ startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' },
      pause: { truePause: 120, dump: 100, rootfsDiff: 10 },
      ...{ options: {}, notCaptured: [] },
    };
    await writeFile(path, bytes);
    await writeFile(`${path}.evidence.json`, encodeCapture(evidence));
    const digestOfInspect = async (...args: string[]) => {
      const { code, stdout } = await run('inspect', 'a.tar', '--output', 'json', ...args);
      const { digest, diagnostics } = JSON.parse(stdout);
      return [code, digest, ...diagnostics.map(({ id }: { id: string }) => id)];
    };
    assert.deepEqual(await digestOfInspect(), [0, 'unchecked']);
    assert.deepEqual(await digestOfInspect('--verify'), [0, 'equal']);
    // In the middle of the archive lie pages.
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    await writeFile(path, bytes);
    assert.deepEqual(await digestOfInspect('--verify'), [4, 'differs', 'evidence-digest-mismatch']);
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(512)]));
    assert.deepEqual(await digestOfInspect(), [4, 'differs', 'evidence-size-mismatch']);
    await writeFile(`${path}.evidence.json`, '{}');
    assert.deepEqual(await digestOfInspect(), [4, 'none', 'evidence-invalid']);
  }));

test('a result that cannot be written is a failure that says so', async () => {
  await using full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [PROGRAM, 'inspect', FIXTURE], {
    stdio: ['ignore', full.fd, 'pipe'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(stderr, /cannot be written to stdout: .*\[ENOSPC\]/);
});

test('a range of memory that is mostly nothing is told at once, however long it is', () =>
  atDesk(async ({ run }) => {
    const range = ['memory', FIXTURE, '--pid', '6', '--address', '0x100000000000', '--length', '0x6fffffffffff'];
    const { code, stdout, milliseconds } = await run(...range);
    assert.equal(code, 4);
    assert.match(stdout, /^0x100000000000 {6}… 0x[0-9a-f]+ {2}absent: unmapped\n/);
    assert.ok(milliseconds < 10_000, `${milliseconds} ms`);
  }));

test('cores of the other processes are written where one has lost its registers', () =>
  atDesk(async ({ work, run }) => {
    await writeFile(join(work, 'coreless.tar'), await without('checkpoint/core-16.img'));
    const { code, stdout, stderr } = await run('core', 'coreless.tar', '--all', '--out', 'cores');
    assert.equal(code, 4);
    assert.match(stdout, /cores\/core\.6/);
    assert.match(stderr, /error core-not-written in core-16\.img/);
    const alone = await run('core', 'coreless.tar', '--pid', '16');
    assert.equal(alone.code, 1);
  }));
