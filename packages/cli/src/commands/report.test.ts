/** `stillframe report` as a user runs it: where the page goes, and what it never replaces. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { digestSource } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { encodeCapture, makeSigningKey, publicPemOf, readSigningKey, signEnvelopeText } from '@stillframe/evidence';
import { atDesk } from '../desk.fixture.ts';

const CRIO = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('the page is written whole, for its owner alone, and replaces nothing without being told to', () =>
  atDesk(async ({ run, work, left }) => {
    const { code, stdout, stderr } = await run('report', CRIO, '-o', 'page.html');
    assert.deepEqual([code, stdout, stderr], [0, '', 'page.html is written\n']);
    const page = await readFile(join(work, 'page.html'), 'utf8');
    assert.match(page, /^<!DOCTYPE html>[\s\S]*<\/html>\n$/);
    assert.equal((await stat(join(work, 'page.html'))).mode & 0o777, 0o600);
    const again = await run('report', CRIO, '-o', 'page.html');
    assert.match(again.stderr, /exists already {2}\[ERR_OUTPUT_EXISTS\]/);
    assert.equal((await run('report', CRIO, '-o', 'page.html', '--force')).code, 0);
    assert.deepEqual((await run('report', CRIO, '-o', '-')).stdout, page);
    assert.deepEqual(await left(), ['page.html']);
  }));

test('not even with --force does the page take the place of the evidence, of a folder or of a device', () =>
  atDesk(async ({ run, work, left }) => {
    await cp(CRIO, join(work, 'web.tar'));
    await writeFile(join(work, 'web.tar.evidence.json'), 'x');
    await symlink('web.tar', join(work, 'other.tar'));
    await mkdir(join(work, 'folder'));
    const forced = async (output: string) => (await run('report', 'web.tar', '-o', output, '--force')).stderr;
    for (const name of ['web.tar', './other.tar', 'web.tar.evidence.json'])
      assert.match(await forced(name), /is evidence, and is not replaced {2}\[ERR_OUTPUT_IS_EVIDENCE\]/);
    assert.match(await forced('folder'), /is a folder, not a file {2}\[ERR_OUTPUT_NO_FILE\]/);
    assert.match(await forced('/dev/null'), /is no plain file {2}\[ERR_OUTPUT_NO_FILE\]/);
    assert.deepEqual(await readFile(join(work, 'web.tar')), await readFile(CRIO));
    assert.deepEqual((await left()).sort(), ['folder', 'other.tar', 'web.tar', 'web.tar.evidence.json']);
  }));

test('evidence beside the archive is verified, and whoever had it is told', () =>
  atDesk(async ({ run, work }) => {
    await cp(CRIO, join(work, 'web.tar'));
    await using file = await openFileSource(CRIO);
    const key = readSigningKey(makeSigningKey());
    await writeFile(join(work, 'node.pub'), publicPemOf(key));
    const statement = encodeCapture({
      archive: { name: 'web.tar', digest: await digestSource(file), size: file.size },
      container: { id: 'x', name: 'web', podName: 'web', kubeNamespace: 'default', image: 'i', imageID: 'i' },
      ...{ versions: { stillframe: '1' }, node: { hostname: 'node-3', kernel: '6.18' } },
      ...{ startedAt: '2026-11-23T23:26:53Z', finishedAt: '2026-11-23T23:26:54Z' },
      askedBy: [{ user: 'ada', authenticated: true, time: '2026-11-23T23:26:53Z', host: 'laptop' }],
      ...{ pause: { truePause: 81_200, dump: 80_000, rootfsDiff: 1200 }, options: {}, notCaptured: ['bind mounts'] },
    });
    await writeFile(join(work, 'web.tar.evidence.json'), signEnvelopeText(statement, key));
    const page = async (...more: string[]) => (await run('report', 'web.tar', '-o', '-', ...more)).stdout;
    assert.match(await page(), /nobody vouches for it/);
    const told = await page('--key', 'node.pub');
    assert.match(told, /Integrity: holds/);
    assert.match(told, /stood still for 81\.2 ms.*asked for by ada on laptop at 2026-11-23T23:26:53Z/);
    assert.match(told, /captured on|Captured on/);
    assert.match(told, /Chain of custody: who had the archive[\s\S]*report/);
    await writeFile(join(work, 'web.tar'), Buffer.concat([await readFile(CRIO), Buffer.alloc(512)]));
    assert.match(await page('--key', 'node.pub'), /Integrity: does not hold/);
  }));
