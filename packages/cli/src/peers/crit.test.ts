/** `image-set` beside crit itself, over the fixtures: one image of each kind, and every listing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openCheckpoint, readRegisters, readTasks } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { explorers } from '@stillframe/criu-image/crit';
import { crit, needs } from '@stillframe/testkit';
import { atDesk, PROGRAM } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const execute = promisify(execFile);
const { skip } = needs('crit');

async function ours(...args: string[]): Promise<Buffer> {
  const { stdout } = await execute(process.execPath, [PROGRAM, 'image-set', ...args], {
    encoding: 'buffer',
    maxBuffer: 1 << 26,
  });
  return stdout;
}

async function theirs(...args: string[]): Promise<Buffer> {
  const { code, stdout, stderr } = await crit(...args);
  assert.equal(code, 0, stderr.toString());
  return stdout;
}

test('what image-set prints of images that lie in an archive is what crit prints of them unpacked', { skip }, () =>
  atDesk(async ({ work, run }) => {
    const seen = new Set<string>();
    // The larger one first: what it lacks, the others may have.
    for (const name of ['podman-redis', 'crio-counter', 'containerd-counter']) {
      await using checkpoint = await openCheckpoint(fixture(name));
      for (const { kind, id, name: file } of checkpoint.images.images) {
        const source = checkpoint.images.source(kind.name, id);
        if (kind.form !== 'framed' || source === undefined || seen.has(kind.name)) continue;
        seen.add(kind.name);
        const path = join(work, file);
        await writeFile(path, await readAll(source, { limit: 1 << 20 }));
        const { stdout, stderr } = await run('image-set', 'show', `${fixture(name)}:${file}`);
        assert.equal(stdout, (await theirs('show', path)).toString(), `${file} ${stderr}`);
      }
    }
    assert.ok(seen.size >= 20, [...seen].join());
  }),
);

test('lists of image-set are those of crit', { skip }, () =>
  atDesk(async ({ work, run }) => {
    const archive = fixture('podman-redis');
    await execute('tar', ['--extract', '--file', archive, '--directory', work, 'checkpoint']);
    for (const what of explorers) {
      const { stdout: list } = await run('image-set', 'x', archive, what);
      assert.equal(list, (await theirs('x', join(work, 'checkpoint'), what)).toString(), what);
      assert.ok(list.split('\n').length > 4, what);
    }
  }),
);

test('decode, encode and info do what crit’s do, and each takes the other’s JSON', { skip }, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const entry = `${fixture('podman-redis')}:files.img`;
  const at = (name: string) => join(folder.path, name);
  await ours('decode', entry, '-o', at('ours.json'), '--pretty');
  await theirs('encode', '-i', at('ours.json'), '-o', at('files.img'));
  await theirs('decode', '-i', at('files.img'), '-o', at('theirs.json'));
  const image = await ours('encode', '-i', at('theirs.json'));
  await writeFile(at('again.img'), image);
  assert.deepEqual(await ours('decode', at('again.img')), await theirs('decode', '-i', at('files.img')));
  assert.deepEqual(await ours('info', at('files.img')), await theirs('info', at('files.img')));
  await using checkpoint = await openCheckpoint(fixture('podman-redis'));
  const source = checkpoint.images.source('files') ?? assert.fail(basename(entry));
  assert.deepEqual(image, Buffer.from(await readAll(source, { limit: 1 << 20 })));
});

test('what ps tells of each thread is what crit has in its core image', { skip }, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  let threads = 0;
  for (const name of ['podman-redis', 'crio-counter', 'containerd-counter', 'podman-counter']) {
    await using checkpoint = await openCheckpoint(fixture(name));
    for await (const task of readTasks(checkpoint.images)) {
      for (const { tid, name: comm, facts } of task.threads) {
        const path = join(folder.path, 'core.img');
        const source = checkpoint.images.source('core', tid) ?? assert.fail();
        await writeFile(path, await readAll(source, { limit: 1 << 20 }));
        const core: CritCore = JSON.parse((await theirs('show', path)).toString()).entries[0];
        const { thread_core: thread, thread_info: info, tc } = core;
        assert.ok(facts.state === 'present' && facts.credentials);
        const { uid, euid, groups, capabilities, security } = facts.credentials;
        assert.deepEqual([uid, euid, groups], [thread.creds.uid, thread.creds.euid, thread.creds.groups ?? []]);
        assert.equal(security.profile, thread.creds.lsm_profile);
        const words = (mask: bigint) => [Number(mask & 0xffffffffn), Number(mask >> 32n)];
        assert.deepEqual(words(capabilities.effective.mask), thread.creds.cap_eff);
        assert.deepEqual(words(capabilities.bounding.mask), thread.creds.cap_bnd);
        assert.equal(comm, thread.comm ?? tc?.comm);
        const registers = (await readRegisters(checkpoint.images, tid)) ?? assert.fail();
        assert.equal(registers.instructionPointer, BigInt(info.gpregs.ip));
        assert.equal(registers.stackPointer, BigInt(info.gpregs.sp));
        threads += 1;
        if (tid !== task.pid || task.facts.state === 'absent') continue;
        const limits = (tc?.rlimits.rlimits ?? []).map(({ cur }) => cur >= 2 ** 63 || BigInt(cur));
        assert.deepEqual(
          task.facts.limits?.map(({ soft }) => soft === 'unlimited' || soft),
          limits,
        );
        const handlers = (tc?.sigactions ?? []).map(({ sigaction }) => BigInt(sigaction)).filter((at) => at > 1n);
        assert.deepEqual(
          task.facts.signalActions?.flatMap(({ handler }) => handler ?? []),
          handlers,
        );
        const blocked = [...BigInt(tc?.blk_sigset ?? 0).toString(2)].filter((bit) => bit === '1').length;
        assert.equal(facts.blocked?.length, blocked);
      }
    }
  }
  assert.ok(threads >= 14, String(threads));
});

interface CritCore {
  thread_info: { gpregs: { ip: string; sp: string } };
  thread_core: {
    comm?: string;
    creds: { uid: number; euid: number; groups?: number[]; cap_eff: number[]; cap_bnd: number[]; lsm_profile?: string };
  };
  tc?: {
    comm: string;
    blk_sigset: string;
    rlimits: { rlimits: { cur: number }[] };
    sigactions: { sigaction: string }[];
  };
}
