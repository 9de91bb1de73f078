/** A capture from a filesystem whose files can share blocks: the container stands still for a clone, not for a copy. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint, openRootfsDiff } from '@stillframe/checkpoint';
import { digestSource, limits, readAll } from '@stillframe/core';
import { execute, waitForNumbers } from '@stillframe/demo/stage';
import { decodeEnvelope } from '@stillframe/evidence';
import { needs } from '@stillframe/testkit';
import { openLab } from './lab.ts';

/** Bytes that the container changed. */
const CHANGED = 192 << 20;
const SCRIPT = `rm /etc/passwd; mkdir /data; mkfifo /data/fifo; head -c ${CHANGED} /dev/urandom > /data/big
  sha256sum /data/big > /data/sum; i=0; while :; do i=$((i+1)); echo $i > /data/now; echo "count $i"; sleep 0.1; done`;

interface Evidence {
  predicate: { options: { rootfsClone?: boolean }; pause: { truePause: number; dump: number; rootfsDiff: number } };
}

test(
  'changes are cloned in the freeze where the filesystem can, and are those of that instant',
  needs('checkpoint', 'docker-registry', 'xfs'),
  async (t) => {
    const place = await mkdtemp('/var/tmp/stillframe-xfs-');
    const [disk, mounted] = [join(place, 'disk'), join(place, 'mounted')];
    await mkdir(mounted);
    await writeFile(disk, '');
    await truncate(disk, 1 << 30);
    await execute(['mkfs.xfs', '-q', disk]);
    await execute(['mount', '-o', 'loop', disk, mounted]);
    try {
      await using lab = await openLab(mounted);
      const log = await lab.run('default/writer/writer', SCRIPT);
      await waitForNumbers(log, 0, 2, AbortSignal.timeout(60_000));
      const archive = join(lab.folder, 'writer.tar');
      await lab.stillframe.json(['checkpoint', 'default/writer/writer'], ['--export', archive]);

      const envelope = decodeEnvelope(await readFile(`${archive}.evidence.json`, 'utf8'));
      const { options, pause } = (JSON.parse(Buffer.from(envelope.payload).toString()) as Evidence).predicate;
      assert.equal(options.rootfsClone, true);
      t.diagnostic(
        `${CHANGED >> 20} MiB changed: true pause ${pause.truePause} µs, of that ${pause.rootfsDiff} µs for the clone`,
      );
      const again = await lab.stillframe.json<{ location?: string }>(['checkpoint', 'default/writer/writer'], []);
      assert.ok(again, 'the next capture finds its place free');

      await using checkpoint = await openCheckpoint(archive);
      assert.ok(checkpoint.documents.deletedFiles.includes('/etc/passwd'));
      await using diff = await openRootfsDiff(checkpoint);
      assert.ok(diff, 'there are changes');
      const text = async (name: string) =>
        Buffer.from(await readAll(diff.open(name), { limit: limits.json })).toString();
      const [sum = ''] = (await text('data/sum')).split(' ');
      assert.equal(await digestSource(diff.open('data/big')), `sha256:${sum}`);
      // The number in the file is the one that was told last before the freeze, or one more.
      const told = (await readFile(log, 'utf8')).match(/count \d+/g) ?? [];
      assert.ok(Number(await text('data/now')) <= told.length);
      const containers = join(lab.folder, 'root/containers');
      const { stdout } = await execute(['find', containers, '-maxdepth', '2', '-name', 'clone']);
      assert.equal(stdout, '', 'no clone is left');
    } finally {
      await execute(['umount', mounted]);
      await rm(place, { recursive: true, force: true });
    }
  },
);
