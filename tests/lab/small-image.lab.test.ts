/** Archives that were made smaller: compressed, and without pages of zeroes. They read and restore as before. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { openAddressSpace } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { scanMemory, textPattern } from '@stillframe/forensics';
import { needs } from '@stillframe/testkit';
import { openDoor } from './door.ts';
import { type Lab, openLab } from './lab.ts';
import { waitForLine } from './log-lines.ts';

const SOURCE = fileURLToPath(new URL('programs/zeroes.c', import.meta.url));
const NEEDLES = ['needle-in-private', 'needle-in-shared'];
/** Of 512 pages of a kind four in seven are zeroes; two processes have the private ones, one page differs between them. */
const ZEROES = Array.from({ length: 512 }, (_, page) => page).filter((page) => page % 7 < 4).length;

describe('smaller archives and images', needs('checkpoint', 'docker-registry', 'gcc', 'skopeo'), () => {
  let lab: Lab;
  let mount: string;
  let archive: string;
  /** The round that the archive was captured in, at most. */
  let round: number;
  before(async () => {
    lab = await openLab();
    const program = join(lab.folder, 'zeroes');
    await execute(['gcc', '-O2', '-static', '-o', program, SOURCE]);
    mount = `${program}:/zeroes:ro`;
    const { logPath } = await lab.stillframe.json<{ logPath: string }>(
      ['run', 'default/zeroes/zeroes'],
      ['--image', lab.image, '--mount', mount, '--', '/zeroes'],
    );
    await waitForLine(logPath, 'child round 3', 20);
    await waitForLine(logPath, 'parent round 3', 20);
    archive = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/zeroes/zeroes'])).archive;
    round = Math.max(...roundsIn(await readFile(logPath, 'utf8')));
    // It writes all the while; what is looked at from now on are copies.
    await lab.stillframe.atNode(['rm', 'default/zeroes']);
  });
  after(() => lab?.[Symbol.asyncDispose]());

  /** Both processes find all their memory as it was, again and again. */
  const restores = async (what: string, name: string) => {
    const { restored } = await lab.stillframe.json<{ restored: { logPath: string }[] }>(
      ['restore', what],
      ['--name', name, '--mount', mount],
    );
    const log = restored[0]?.logPath ?? '';
    for (const process of ['parent', 'child']) await waitForLine(log, `${process} round ${round + 5}`, 20);
    assert.doesNotMatch(await readFile(log, 'utf8'), /differs/);
    await lab.stillframe.atNode(['rm', `default/${name}`]);
  };

  test('without pages of zeroes a container has the memory that it had, and reads so', async () => {
    const small = await lab.stillframe.read<{ archive: string; dropped: { pages: number; bytes: number; left: [] } }>([
      ...['convert', archive, '--drop-zero-pages'],
    ]);
    const { pages, left } = small.dropped;
    // Private of both processes, shared and memfd; none of the file's private mapping, of the memfd's, or locked.
    assert.ok(pages >= 4 * ZEROES && pages < 5 * ZEROES, `${pages} pages of zeroes`);
    assert.deepEqual(left, []);
    await using was = await openCheckpoint(archive);
    await using is = await openCheckpoint(small.archive);
    assert.equal((was.archive.tar?.size ?? 0) - (is.archive.tar?.size ?? 0) >= small.dropped.bytes - 8192, true);
    const compared = await compare(was, is);
    assert.ok(compared.changed >= 4 * ZEROES * 4096, `${compared.changed} bytes are zeroes that are not stored`);
    assert.deepEqual(is.diagnostics(), was.diagnostics());
    for (const needle of NEEDLES) {
      const found = async (checkpoint: Checkpoint) =>
        (await Array.fromAsync(scanMemory(checkpoint, [textPattern(needle)]))).map(({ vaddr }) => vaddr);
      assert.deepEqual(await found(is), await found(was));
      assert.ok((await found(is)).length > 0);
    }
    await restores(archive, 'whole');
    await restores(small.archive, 'small');
  });

  test('a compressed image is read by ranges of its frames, restored, and gives the archive byte for byte', async () => {
    await using counting = await openDoor(lab.registry);
    const reference = `${counting.address}/zstd/zeroes:1`;
    const built = await lab.stillframe.read<{ layer: { size: number; digest: string; mediaType: string } }>([
      ...['image', 'build', archive, '-t', reference, '--zstd'],
    ]);
    assert.match(built.layer.mediaType, /tar\+zstd$/);
    const fetched = async (use: () => Promise<unknown>) => {
      const from = counting.bytes();
      await use();
      return counting.bytes() - from;
    };
    const seen = await fetched(() => lab.stillframe.read(['inspect', reference]));
    assert.ok(built.layer.size > 24 << 20);
    assert.ok(seen < 0.15 * built.layer.size, `inspect fetched ${seen} of ${built.layer.size} bytes`);
    const { pid } = await childOf(archive);
    const searched = await fetched(async () => {
      const words = ['search', reference, NEEDLES[0] ?? '', '--pid', String(pid)];
      assert.match((await execute([process.execPath, PROGRAM, ...words])).stdout, new RegExp(`\\b${pid}\\b`));
    });
    assert.ok(searched < 0.3 * built.layer.size, `search fetched ${searched} of ${built.layer.size} bytes`);
    await restores(reference, 'pulled');
    const copied = `${lab.registry}/copied/zeroes:1`;
    const skopeo = ['skopeo', '--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false'];
    await execute([...skopeo, `docker://${reference}`, `docker://${copied}`]);
    for (const [index, from] of [reference, copied].entries()) {
      const out = join(lab.folder, `out-${index}.tar`);
      await execute([process.execPath, PROGRAM, 'image', 'extract', from, out]);
      assert.ok((await readFile(out)).equals(await readFile(archive)), from);
    }
    // skopeo’s own decompression finds the content that the config tells of.
    const plain = join(lab.folder, 'plain');
    await execute([...skopeo, '--dest-decompress', `docker://${reference}`, `dir:${plain}`]);
    const { layers } = JSON.parse(await readFile(join(plain, 'manifest.json'), 'utf8'));
    const { stdout: sum } = await execute(['sha256sum', archive]);
    assert.equal(layers[0].digest, `sha256:${sum.slice(0, 64)}`);
  });

  test('both together make the smallest image, which is restored too', async () => {
    const where = `oci:${join(lab.folder, 'layout')}:small`;
    await lab.stillframe.read(['image', 'build', archive, where, '--zstd', '--drop-zero-pages']);
    await restores(where, 'both');
  });
});

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));

function roundsIn(log: string): number[] {
  return [...log.matchAll(/ round (\d+)$/gm)].map(([, digits]) => Number(digits));
}

/** The process that is another’s child. */
async function childOf(archive: string): Promise<{ pid: number }> {
  await using checkpoint = await openCheckpoint(archive);
  for await (const { pid, ppid } of checkpoint.images.entries('pstree')) if (ppid !== 0) return { pid };
  throw new Error('there is none');
}

/** Reads both, all mappings of all processes; they differ in nothing but in that stored zeroes are told as never stored. */
async function compare(was: Checkpoint, is: Checkpoint): Promise<{ changed: number }> {
  let changed = 0;
  for (const pid of was.images.ids('mm')) {
    const before = (await openAddressSpace(was.images, pid)) ?? assert.fail();
    const now = (await openAddressSpace(is.images, pid)) ?? assert.fail();
    for (const { start, end } of before.vmas) {
      for (let at = start; at < end; at += 4096n) {
        const [a, b] = [Buffer.alloc(4096), Buffer.alloc(4096)];
        const [[old], [recent]] = [await before.read(at, a), await now.read(at, b)];
        assert.ok(a.equals(b), `page at ${at.toString(16)}`);
        if (JSON.stringify(old?.state) === JSON.stringify(recent?.state)) continue;
        assert.deepEqual([old?.state, recent?.state], ['captured', 'zero']);
        assert.ok(a.every((byte) => byte === 0));
        changed += a.length;
      }
    }
  }
  return { changed };
}
