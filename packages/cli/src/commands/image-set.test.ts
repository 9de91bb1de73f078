/** `stillframe image-set` as a user runs it: what it takes, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';

const PROGRAM = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
const ARCHIVE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

async function imageSet(args: readonly string[], input: Uint8Array = new Uint8Array()) {
  const child = spawn(process.execPath, [PROGRAM, 'image-set', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), code };
}

test('an image goes through JSON and standard streams and is the same', async () => {
  const json = await imageSet(['decode', `${ARCHIVE}:checkpoint/pstree.img`]);
  assert.equal(json.code, 0, json.stderr);
  assert.match(json.stdout.toString(), /^\{"magic": "PSTREE", "entries": \[\{"pid": /);
  const image = await imageSet(['encode'], json.stdout);
  assert.equal(image.code, 0, image.stderr);
  assert.deepEqual((await imageSet(['decode', '-'], image.stdout)).stdout, json.stdout);
});

test('a damaged image gives what can be read of it, says where it ends, and exit code 4', async () => {
  const { stdout } = await imageSet(['encode'], (await imageSet(['decode', `${ARCHIVE}:pstree.img`])).stdout);
  const cut = await imageSet(['show'], stdout.subarray(0, stdout.length - 3));
  assert.equal(cut.code, 4);
  assert.match(cut.stderr, /^stdin at byte \d+: \d+ bytes should follow/);
  assert.equal((JSON.parse(cut.stdout.toString()) as { entries: unknown[] }).entries.length, 1);
});

test('what is no image, no JSON or not there is said, with exit code 1 or 2, and no file is left', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const out = join(folder.path, 'out');
  await writeFile(join(folder.path, 'wrong.json'), '{"magic": "FS", "entries": [{"cwd_id": -1}]}');
  const cases: readonly [args: string[], code: number, text: RegExp][] = [
    [['show', `${ARCHIVE}:pages-1.img`], 1, /ERR_CRIU_IMAGE_UNRECOGNISED/],
    [['decode', `${ARCHIVE}:nothing.img`], 2, /ERR_USAGE_ARGUMENT/],
    [['decode', join(folder.path, 'none.img'), '-o', out], 1, /ERR_FILE_UNREADABLE/],
    [['encode', join(folder.path, 'wrong.json'), '-o', out], 1, /entries\[0\]\.cwd_id.*ERR_CRIT_JSON_INVALID/],
    [['x', ARCHIVE, 'all'], 2, /ps, fds, mems, rss/],
  ];
  for (const [args, code, text] of cases) {
    const ended = await imageSet(args);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, text);
    assert.equal(ended.stdout.length, 0);
  }
  await assert.rejects(readFile(out), { code: 'ENOENT' });
});
