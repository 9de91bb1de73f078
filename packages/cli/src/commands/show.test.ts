/** `stillframe show` as a user runs it: every kind of reference, every form, and what is no reference. */
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, digestOf } from '@stillframe/core';
import { encodeCapture } from '@stillframe/evidence';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}`, import.meta.url));
const CRIO = fixture('crio-counter.tar');
const REDIS = fixture('podman-redis.tar');
/** Its images of memory are left out, so that every reading of it is partial. */
const FILES = fixture('open-files.tar');

test('every kind of reference opens what it means', () =>
  atDesk(async ({ run }) => {
    const rows: readonly (readonly [string, string, RegExp])[] = [
      [CRIO, 'process/6', /\[6\] sh .*\n├─ Executable: \/bin\/\S+\n├─ Working folder: \/\n[\s\S]*Credentials/],
      [
        CRIO,
        'mapping/6/0x5e2000-0x5e5000',
        /mapping +0x5e2000-0x5e5000 rw-p, 12\.0 KiB\nof +\/bin\/sh\n[\s\S]*\n0x5e2000 +[0-9a-f]{2} /,
      ],
      [CRIO, 'memory/6/0x5e2000+16', /captured +12\.0 KiB\n\n0x5e2000 .*\|\n$/],
      [REDIS, 'fd/1/exe', /exe +file +\/usr\/bin\/bash/],
      [REDIS, 'socket/33', /tcp ESTAB 127\.0\.0\.1:6379 → 127\.0\.0\.1:59956 16\/3/],
      [REDIS, 'image/files.img#1', /"magic": "FILES",\n\s+"entries": \[\n\s+\{\n\s+"type": "REG",\n\s+"id": 2,/],
      [REDIS, 'entry/spec.dump', /"ociVersion": "1\.0\.2-dev"/],
      [REDIS, 'entry/spec.dump@0+16', /\{\n {2}"ociVersion/],
      [CRIO, 'rootfs/cnt', /path +\/cnt\nchange +written\nmode +-rw-r--r-- 0:0\nsize +12 B\nmodified +2026[\s\S]*\n\n/],
      [CRIO, 'mount/proc', /mountpoint +\/proc\ntype +proc\n/],
    ];
    for (const [archive, reference, expected] of rows) {
      const { code, stdout, stderr } = await run('show', archive, reference);
      assert.match(stdout, expected, reference);
      assert.deepEqual([code, stderr.replace(/^.*more; --output hex or raw gives them\n$/, '')], [0, ''], reference);
    }
  }));

test('a deleted file and a memfd are shown with their content, which raw gives as it is', () =>
  atDesk(async ({ run }) => {
    for (const [reference, size] of [
      ['fd/6/6', 12],
      ['fd/6/8', 12],
      ['fd/1/7', 262_144],
    ] as const) {
      const raw = await run('show', FILES, reference, '--output', 'raw');
      assert.equal(Buffer.byteLength(raw.stdout), size, reference);
      const json = JSON.parse((await run('show', FILES, reference, '--output', 'json')).stdout) as unknown;
      assert.deepEqual(
        ['kind', 'schemaVersion', 'reference'].map((name) => at(json, name)),
        ['Evidence', 1, reference],
      );
      assert.equal(at(json, 'content', 'bytes'), size);
      assert.equal(at(json, 'content', 'complete'), size < 65_536);
    }
    assert.match((await run('show', FILES, 'fd/6/6', '--output', 'hex')).stdout, /^0x0 +[0-9a-f ]+\|.*\|\n$/);
  }));

test('of an image JSON holds its entries, and one where one is meant', () =>
  atDesk(async ({ run }) => {
    const of = async (reference: string) =>
      JSON.parse((await run('show', REDIS, reference, '--output', 'json')).stdout) as unknown;
    const [all, one] = [await of('image/files.img'), await of('image/files.img#2')];
    assert.equal((at(one, 'image', 'entries') as unknown[]).length, 1);
    assert.deepEqual(at(one, 'image', 'entries', 0), at(all, 'image', 'entries', 2));
    assert.match((await run('show', REDIS, 'image/pages-1.img')).stdout, /holds bytes alone/);
  }));

test('what is no reference is a mistake of the command line; what is not there is told', () =>
  atDesk(async ({ run }) => {
    for (const reference of ['process', 'fd/1/stdin', 'sha256:12#process/1'])
      assert.equal((await run('show', REDIS, reference)).code, 2, reference);
    for (const reference of [
      'process/999',
      'fd/1/999',
      'socket/1',
      'image/none.img',
      'entry/none',
      'rootfs/none',
      'mount/none',
      'memory/1/0x0+1',
    ])
      assert.match(
        (await run('show', REDIS, reference)).stderr,
        /\[ERR_(REFERENCE_ABSENT|PROCESS_NOT_FOUND)\]/,
        reference,
      );
    assert.match((await run('show', REDIS, 'mount/proc', '--output', 'raw')).stderr, /holds no bytes of mount\/proc/);
  }));

test('with a digest a reference is opened only in the archive that has it by its evidence', () =>
  atDesk(async ({ run, work }) => {
    const archive = join(work, 'web.tar');
    await cp(CRIO, archive);
    const digest = digestOf(new TextEncoder().encode('whatever the evidence records'));
    const cited = (of: string) => run('show', archive, `${of}#image/files.img#1`);
    assert.match((await cited(digest)).stderr, /\[ERR_EVIDENCE_MISSING\]/);
    await writeFile(
      `${archive}.evidence.json`,
      encodeCapture({
        archive: { name: 'web.tar', digest, size: 1 },
        container: { id: 'x', name: 'web', podName: 'web', kubeNamespace: 'default', image: 'i', imageID: 'i' },
        ...{ versions: { stillframe: '1' }, node: { hostname: 'h', kernel: 'k' }, startedAt: 's', finishedAt: 'f' },
        ...{ pause: { truePause: 1, dump: 1, rootfsDiff: 0 }, options: {}, notCaptured: [] },
      }),
    );
    assert.match((await cited(digest)).stdout, /"magic": "FILES"/);
    assert.match((await cited(`sha256:${'0'.repeat(64)}`)).stderr, /is another archive.*\[ERR_ARCHIVE_OTHER\]/);
  }));

test('every place that a finding of a compromised container names can be opened', () =>
  atDesk(async ({ run }) => {
    const archive = fileURLToPath(new URL('../../../forensics/fixtures/compromised.tar.zst', import.meta.url));
    const { stdout } = await run('scan', archive, '--minimum', 'info', '--output', 'jsonl');
    const findings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { references: string[]; rule: string });
    const references = new Map(
      findings.flatMap(({ references: some, rule }) => some.slice(0, 5).map((each) => [each, rule])),
    );
    assert.ok(references.size > 20);
    const broken: string[] = [];
    for (const [reference, rule] of references) {
      const { code, stderr } = await run('show', archive, reference);
      if (code !== 0 && code !== 4) broken.push(`${rule}: ${stderr}`);
    }
    assert.deepEqual(broken, []);
  }));
