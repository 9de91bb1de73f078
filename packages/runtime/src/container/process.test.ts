import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { demand } from '../process/run.ts';
import { environmentOf, processOf } from './process.ts';
import type { ContainerRequest, SecurityRequest } from './request.ts';

const security: SecurityRequest = {
  privileged: false,
  readonlyRootfs: false,
  noNewPrivileges: false,
  capabilities: { add: [], drop: [] },
  supplementalGroups: [],
};
const PASSWD = 'root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\nweb:x:33:44::/:\n1002:x:5:6::/:\n';

function request(changes: Partial<ContainerRequest> = {}, asked: Partial<SecurityRequest> = {}): ContainerRequest {
  const empty = { command: [], args: [], workingDir: '', env: [] };
  return { ...empty, ...changes, security: { ...security, ...asked } } as unknown as ContainerRequest;
}

/** A root filesystem with these files in /etc. */
async function rootfs(
  files: Record<string, string | Uint8Array> = { passwd: PASSWD, group: 'adm:x:4:\nstaff:x:50:\n' },
) {
  const folder = await openTemporaryFolder(tmpdir());
  await mkdir(join(folder.path, 'etc'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, 'etc', name), text);
  return folder;
}

async function userOf(
  imageUser: string,
  asked: Partial<SecurityRequest> = {},
  files?: Record<string, string | Uint8Array>,
) {
  await using root = await rootfs(files);
  const { user } = await processOf(request({ command: ['x'] }, asked), { User: imageUser }, root.path);
  return [user.uid, user.gid];
}

const invalid = { code: 'ERR_CONTAINER_INVALID' };

test('the image’s variables are overridden by the request’s, and PATH is always there', () => {
  assert.deepEqual(environmentOf([], []), ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  const env = environmentOf(
    ['PATH=/opt', 'A=image', 'B=x=y', 'BARE'],
    [
      { key: 'A', value: 'request' },
      { key: 'C', value: '' },
      { key: 'D', value: 'a=b' },
    ],
  );
  assert.deepEqual(env, ['PATH=/opt', 'A=request', 'B=x=y', 'BARE', 'C=', 'D=a=b']);
});

test('command and arguments follow Kubernetes’ rules', async () => {
  await using root = await rootfs();
  const image = { Entrypoint: ['/entry', '-e'], Cmd: ['default'], WorkingDir: '/srv' };
  const args = async (changes: Partial<ContainerRequest>) => (await processOf(request(changes), image, root.path)).args;
  assert.deepEqual(await args({}), ['/entry', '-e', 'default']);
  assert.deepEqual(await args({ args: ['own'] }), ['/entry', '-e', 'own']);
  assert.deepEqual(await args({ command: ['sh'] }), ['sh']);
  assert.deepEqual(await args({ command: ['sh'], args: ['-c'] }), ['sh', '-c']);
});

test('the folder is the request’s, the image’s or the root', async () => {
  await using root = await rootfs();
  const cwd = async (workingDir: string, image: string | undefined) =>
    (await processOf(request({ command: ['x'], workingDir }), image ? { WorkingDir: image } : {}, root.path)).cwd;
  assert.deepEqual([await cwd('/own', '/srv'), await cwd('', '/srv'), await cwd('', undefined)], ['/own', '/srv', '/']);
});

test('nothing to run is an error of the request', async () => {
  await using root = await rootfs();
  await assert.rejects(processOf(request(), undefined, root.path), invalid);
  await assert.rejects(processOf(request(), { Entrypoint: [], Cmd: [] }, root.path), invalid);
});

test('the image’s user is a name or a number, with or without a group', async () => {
  assert.deepEqual(await userOf(''), [0, 0]);
  assert.deepEqual(await userOf('app'), [1000, 1001]);
  assert.deepEqual(await userOf('1000'), [1000, 1001]);
  assert.deepEqual(await userOf('4711'), [4711, 0]);
  assert.deepEqual(await userOf('app:staff'), [1000, 50]);
  assert.deepEqual(await userOf('app:7'), [1000, 7]);
  assert.deepEqual(await userOf(':adm'), [0, 4]);
});

test('the request’s user and group count before the image’s', async () => {
  assert.deepEqual(await userOf('app:staff', { runAsUser: 33 }), [33, 44]);
  assert.deepEqual(await userOf('app', { runAsUser: 0 }), [0, 0]);
  assert.deepEqual(await userOf('app', { runAsUsername: 'web' }), [33, 44]);
  assert.deepEqual(await userOf('app', { runAsGroup: 9 }), [1000, 9]);
});

test('an unknown name is an error that tells the name harmlessly', async () => {
  await assert.rejects(userOf('nobody'), { ...invalid, message: 'the image\'s /etc/passwd knows no "nobody"' });
  await assert.rejects(userOf('app:nogroup'), { ...invalid, message: 'the image\'s /etc/group knows no "nogroup"' });
  await assert.rejects(userOf('\x1b[2J'), ({ message }: Error) => !message.includes('\x1b'));
});

test('ids that are none never become root', async () => {
  for (const line of [
    'evil:x:::',
    'evil:x',
    'evil:x: 0:0',
    'evil:x:0x0:0',
    'evil:x:-1:0',
    'evil:x:4294967296:0',
    'evil:x:1.5:0',
    'evil:x:1:',
  ]) {
    await assert.rejects(
      userOf('evil', {}, { passwd: line }),
      { ...invalid, message: /has no valid ids for "evil"/ },
      line,
    );
  }
  await assert.rejects(userOf('4294967296'), invalid);
});

test('links and other things in place of the account files are not followed', async () => {
  await using outside = await openTemporaryFolder(tmpdir());
  await writeFile(join(outside.path, 'passwd'), 'host:x:7:7::/:\n');
  const named = (root: string) => processOf(request({ command: ['x'] }), { User: 'host' }, root);
  await using file = await rootfs({});
  await symlink(join(outside.path, 'passwd'), join(file.path, 'etc/passwd'));
  await assert.rejects(named(file.path), invalid);
  await using folder = await openTemporaryFolder(tmpdir());
  await symlink(outside.path, join(folder.path, 'etc'));
  await assert.rejects(named(folder.path), invalid);
  await using odd = await rootfs({});
  await mkdir(join(odd.path, 'etc/passwd'));
  await assert.rejects(named(odd.path), invalid);
  await using waiting = await rootfs({});
  await demand(['mkfifo', join(waiting.path, 'etc/passwd')], {});
  await assert.rejects(named(waiting.path), invalid);
  await using none = await openTemporaryFolder(tmpdir());
  await assert.rejects(named(none.path), invalid);
});

test('of a huge account file the first mebibyte counts, and no half line of it', async () => {
  const filler = (size: number) => `${'#'.repeat(79)}\n`.repeat(size / 80).slice(0, size);
  const before = 'app:x:1000:1001::/:\n';
  assert.deepEqual(await userOf('app', {}, { passwd: before + filler(80 * 40_000) }), [1000, 1001]);
  await assert.rejects(userOf('late', {}, { passwd: `${filler(80 * 40_000)}late:x:1:1::/:\n` }), invalid);
  const line = 'late:x:1000:1001::/:\n';
  // The bound falls behind `late:x:10`, which alone would be another user.
  const cut = (1 << 20) - 'late:x:10'.length;
  const passwd = `${'#'.repeat(cut - 1)}\n${line}`;
  await assert.rejects(userOf('late', {}, { passwd }), invalid);
  const whole = `${'#'.repeat((1 << 20) - line.length - 1)}\n${line.trimEnd()}`;
  assert.deepEqual(await userOf('late', {}, { passwd: whole }), [1000, 1001]);
});
