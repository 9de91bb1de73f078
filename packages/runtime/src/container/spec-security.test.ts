import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { SecurityRequest } from './request.ts';
import { parseSeccomp } from './seccomp-file.ts';
import { defaultProfile } from './seccomp-profile.ts';
import { prepareSecurity } from './spec-security.ts';

const request: SecurityRequest = {
  privileged: false,
  readonlyRootfs: false,
  noNewPrivileges: true,
  capabilities: { add: [], drop: [] },
  supplementalGroups: [],
};
const HELD = new Set(['CHOWN', 'KILL', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'].map((name) => `CAP_${name}`));

const securityOf = (changes: Partial<SecurityRequest> = {}, sandbox = {}) =>
  prepareSecurity({ ...request, ...changes }, sandbox, HELD);

async function setsOf(changes: Partial<SecurityRequest>) {
  const { capabilities } = (await securityOf(changes)).process as { capabilities: Record<string, string[]> };
  return Object.fromEntries(
    Object.entries(capabilities).map(([set, names]) => [set, names.map((name) => name.replace('CAP_', '')).sort()]),
  );
}
const capabilities = async (changes: Partial<SecurityRequest>) => {
  const { bounding = [], effective, permitted } = await setsOf(changes);
  assert.deepEqual([effective, permitted], [bounding, bounding]);
  return bounding;
};

test('capabilities are the default set, as far as the node holds it', async () => {
  assert.deepEqual(await capabilities({}), ['CHOWN', 'KILL', 'NET_RAW']);
});

test('capabilities are added and dropped by name, with or without CAP_ and in any case', async () => {
  const change = (add: string[], drop: string[]) => capabilities({ capabilities: { add, drop } });
  assert.deepEqual(await change(['SYS_PTRACE'], ['NET_RAW']), ['CHOWN', 'KILL', 'SYS_PTRACE']);
  assert.deepEqual(await change(['cap_sys_ptrace'], ['CAP_NET_RAW', 'kill']), ['CHOWN', 'SYS_PTRACE']);
  assert.deepEqual(await change(['SYS_TIME', 'NONSENSE'], []), ['CHOWN', 'KILL', 'NET_RAW'], 'not held, not given');
});

test('ALL drops everything, or adds everything that the node holds', async () => {
  const change = (add: string[], drop: string[]) => capabilities({ capabilities: { add, drop } });
  assert.deepEqual(await change([], ['ALL']), []);
  assert.deepEqual(await change(['KILL'], ['ALL']), ['KILL']);
  assert.deepEqual(await change(['ALL'], []), ['CHOWN', 'KILL', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE']);
  assert.deepEqual(await change(['ALL'], ['SYS_ADMIN']), ['CHOWN', 'KILL', 'NET_RAW', 'SYS_PTRACE']);
});

test('ambient capabilities reach programs of other users, so they stand in every set', async () => {
  const sets = await setsOf({ capabilities: { add: [], drop: ['ALL'], ambient: ['NET_RAW', 'SYS_TIME'] } });
  assert.deepEqual(new Set(Object.values(sets).map(String)), new Set(['NET_RAW']));
  assert.deepEqual(Object.keys(sets).sort(), ['ambient', 'bounding', 'effective', 'inheritable', 'permitted']);
});

test('a privileged container has all that the node holds, and nothing is hidden or filtered', async () => {
  const seccomp = { kind: 'runtime-default' } as const;
  assert.deepEqual((await securityOf({ privileged: true, seccomp })).linux, {});
  assert.deepEqual(await capabilities({ privileged: true }), ['CHOWN', 'KILL', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE']);
  await assert.rejects(securityOf({ privileged: true }, { privileged: false }), { message: /needs a privileged pod/ });
});

test('others see no kernel memory or keys; paths of the request take the place of these', async () => {
  const { maskedPaths = [], readonlyPaths = [] } = (await securityOf()).linux as Record<string, string[]>;
  for (const path of ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'])
    assert.ok(maskedPaths.includes(path), path);
  for (const path of ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq']) assert.ok(readonlyPaths.includes(path), path);
  assert.deepEqual((await securityOf({ maskedPaths: ['/secret'] })).linux, {
    maskedPaths: ['/secret'],
    readonlyPaths: [],
  });
});

test('a group without a user is an error; so is a profile that this host cannot enforce', async () => {
  await assert.rejects(securityOf({ runAsGroup: 5 }), { code: 'ERR_CONTAINER_INVALID' });
  await securityOf({ runAsGroup: 5, runAsUsername: 'app' });
  await assert.rejects(securityOf({ selinux: 'u:r:t:s0' }), { message: /SELinux is not enabled here/ });
});

test('seccomp: unconfined where nothing is said, the node’s own profile, or a file of the node', async () => {
  assert.equal((await securityOf()).linux['seccomp'], undefined);
  const { seccomp } = (await securityOf({ seccomp: { kind: 'runtime-default' } })).linux;
  assert.deepEqual(seccomp, defaultProfile(new Set(['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'])));
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'profile.json');
  const rule = { names: ['chmod'], action: 'SCMP_ACT_ERRNO' };
  await writeFile(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
  const found = (await securityOf({ seccomp: { kind: 'localhost', path } })).linux['seccomp'];
  assert.deepEqual(found, { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] });
  for (const wrong of ['relative.json', `${path}.missing`, folder.path]) {
    await assert.rejects(securityOf({ seccomp: { kind: 'localhost', path: wrong } }), {
      code: 'ERR_CONTAINER_INVALID',
    });
  }
});

test('the node’s profile lets no one mount or load modules who lacks the capability', () => {
  const names = (held: string[]) => new Set(defaultProfile(new Set(held)).syscalls.flatMap((rule) => rule.names));
  for (const call of ['mount', 'unshare', 'init_module', 'kexec_load', 'bpf', 'reboot', 'io_uring_setup', 'keyctl'])
    assert.ok(!names([]).has(call), call);
  assert.ok(names(['CAP_SYS_ADMIN']).has('mount'));
  assert.ok(names(['CAP_SYS_MODULE']).has('init_module'));
  for (const call of ['read', 'clone', 'clone3', 'execve', 'socket', 'futex', 'openat'])
    assert.ok(names([]).has(call), call);
});

test('a profile’s conditions on capabilities are settled here: the runtime specification has none', () => {
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { name: 'read', action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['bpf'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_ADMIN'] } },
    ],
  };
  const names = (held: string[]) => parseSeccomp(profile, new Set(held)).syscalls.flatMap((rule) => rule.names);
  assert.deepEqual(names([]), ['read', 'bpf']);
  assert.deepEqual(names(['CAP_SYS_ADMIN']), ['read', 'mount']);
  for (const wrong of [null, [], {}, { defaultAction: 'X', syscalls: 1 }, { defaultAction: 'X', syscalls: [{}] }])
    assert.throws(() => parseSeccomp(wrong, new Set()), Error);
});
