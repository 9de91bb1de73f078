import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { effectiveCapabilities } from './capabilities.ts';
import { judgeCgroups } from './cgroups.ts';
import type { HostCheck } from './check.ts';
import { hostChecks } from './checks.ts';
import { judgeCriu } from './criu.ts';
import { locateCriu } from './criu-location.ts';
import { judgeDisk } from './disk.ts';
import { judgeKernel } from './kernel.ts';
import { judgeNetworkLock } from './network-lock.ts';
import { judgePrivileges } from './privileges.ts';
import { runHostChecks } from './report.ts';
import { judgeOpenFiles } from './rlimits.ts';

const context = { criu: undefined, env: {}, stateRoot: '/' };
const silent: Omit<HostCheck, 'probe'> = { id: 'x', title: 'X', required: true };

test('a report of every check of the table is made on this machine, whatever it can do', async () => {
  const report = await runHostChecks(context);
  assert.deepEqual([report.kind, report.schemaVersion], ['HostReport', 1]);
  assert.deepEqual(
    report.checks.map(({ id }) => id),
    hostChecks.map(({ id }) => id),
  );
  assert.equal(report.checks.find(({ id }) => id === 'criu')?.status, 'missing');
  assert.equal(report.canCheckpoint, false);
});

test('check ids are unique', () => {
  assert.equal(new Set(hostChecks.map(({ id }) => id)).size, hostChecks.length);
});

test('a check that throws or never answers is unknown, and the others are told all the same', async () => {
  const checks: HostCheck[] = [
    { ...silent, probe: () => Promise.reject(new Error('no such luck')) },
    { ...silent, probe: () => new Promise(() => undefined) },
    { ...silent, probe: async () => ({ status: 'ok', found: 'here' }) },
    {
      ...silent,
      probe: () => {
        throw new Error('at once');
      },
    },
  ];
  const { checks: found, canCheckpoint } = await runHostChecks({ ...context, checks, timeout: 30 });
  assert.deepEqual(
    found.map((one) => `${one.status}: ${one.found}`),
    ['unknown: no such luck', 'unknown: no answer within 30 ms', 'ok: here', 'unknown: at once'],
  );
  assert.equal(canCheckpoint, true);
});

test('an aborted report still answers', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  const { checks } = await runHostChecks({ ...context, signal });
  assert.ok(checks.every(({ status, found }) => status === 'unknown' && found === 'enough'));
});

test('capabilities are named from the CapEff line', () => {
  assert.deepEqual(
    [...(effectiveCapabilities('CapEff:\t0000000001000021\n') ?? [])],
    ['CAP_CHOWN', 'CAP_KILL', 'CAP_SYS_RESOURCE'],
  );
  assert.equal(effectiveCapabilities('CapEff:\t000001ffffffffff')?.size, 41);
  assert.equal(effectiveCapabilities('Name:\tx'), undefined);
});

test('root without CAP_SYS_RESOURCE is limited, and what that means is said', () => {
  const result = judgePrivileges(0, 'CapEff:\t000001fffeffffff\n');
  assert.equal(result.status, 'limited');
  assert.match(result.found, /CAP_SYS_RESOURCE \(processes of other users/);
  assert.equal(judgePrivileges(0, 'CapEff:\t000001ffffffffff\n').status, 'ok');
  assert.equal(judgePrivileges(0, 'CapEff:\t0000000000000000\n').status, 'broken');
  assert.equal(judgePrivileges(1000, '').status, 'missing');
});

test('cgroups of version 1, 2 and both are told apart', () => {
  const one = '33 31 0:30 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n';
  const two = '41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n';
  assert.deepEqual(judgeCgroups(one, undefined), { status: 'ok', found: 'version 1 (freezer)' });
  assert.deepEqual(judgeCgroups(two, 'cpu memory\n'), { status: 'ok', found: 'version 2 (cpu, memory)' });
  assert.match(judgeCgroups(one + two, undefined).found, /hybrid/);
  assert.equal(judgeCgroups('', undefined).status, 'missing');
});

test('criu check speaks for CRIU, in its own words', () => {
  const said = [
    'Error (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds',
    'Error (criu/crtools.c:260): Could not initialize kernel features detection.',
  ];
  const broken = judgeCriu('/usr/sbin/criu', 'Version: 3.17.1\n', 1, said.join('\n'));
  assert.equal(broken.status, 'broken');
  assert.match(broken.found, /^3\.17\.1 .*vdso: Unexpected rt vDSO area bounds; Could not initialize/);
  assert.equal(judgeCriu('/c', 'Version: 4.1.1\n', 0, 'Looks good.\n').status, 'limited');
  assert.equal(judgeCriu('/c', 'Version: 4.2\n', 0, 'Looks good.\n').status, 'ok');
  assert.equal(judgeCriu('/c', 'Version: 10.0\nGitID: v10\n', 0, 'Looks good.\n').status, 'ok');
});

test('kernels, disks, locks and limits are judged by their figures', () => {
  assert.equal(judgeKernel('darwin', '23.0').status, 'missing');
  assert.equal(judgeKernel('linux', '6.18.44').status, 'ok');
  assert.equal(judgeKernel('linux', '4.19.0').status, 'limited');
  assert.equal(judgeDisk('/x', 2 ** 40, 0xef53).status, 'ok');
  assert.equal(judgeDisk('/x', 2 ** 40, 0x01021994).status, 'limited');
  assert.equal(judgeDisk('/x', 1, 0xef53).status, 'broken');
  assert.equal(judgeNetworkLock(undefined, false).status, 'missing');
  assert.equal(judgeNetworkLock(undefined, true).status, 'limited');
  assert.equal(judgeNetworkLock('/sbin/iptables-restore', false).status, 'ok');
  assert.equal(
    judgeOpenFiles('Max open files            1024                 20000                files\n').found,
    '20000',
  );
  assert.equal(
    judgeOpenFiles('Max open files            1024                 1024                 files\n').status,
    'limited',
  );
});

test('the CRIU that is named wins over the private copy, and that over PATH', async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'criu-location');
  const place = async (...names: string[]) => {
    const path = join(folder.path, ...names);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, '#!/bin/sh\n');
    await chmod(path, 0o755);
    return path;
  };
  const [named, copy, system] = [await place('named/criu'), await place('home/bin/criu'), await place('path/criu')];
  const env = {
    STILLFRAME_CRIU: named,
    STILLFRAME_CRIU_HOME: join(folder.path, 'home'),
    PATH: join(folder.path, 'path'),
  };
  assert.equal(locateCriu(env)?.path, named);
  assert.equal(locateCriu({ ...env, STILLFRAME_CRIU: '' })?.path, copy);
  assert.deepEqual(locateCriu({ STILLFRAME_CRIU_HOME: '/nowhere', PATH: env.PATH }), {
    path: system,
    folder: join(folder.path, 'path'),
  });
});

test('a named CRIU that is not there or not called criu is an error, never silently another one', async () => {
  const missing = (error: unknown) => isCode(error, 'ERR_CRIU_MISSING');
  assert.throws(() => locateCriu({ STILLFRAME_CRIU: '/nowhere/criu' }), missing);
  assert.throws(() => locateCriu({ STILLFRAME_CRIU: process.execPath }), missing);
});
