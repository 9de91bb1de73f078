import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { run } from '../process/run.ts';
import { hideFolders, isHybrid, openCrun, withoutUnified } from './crun.ts';
import { openRunc } from './runc.ts';
import { joinRuntimes } from './runtimes.ts';

const places = (folder: string) => ({
  conmon: 'conmon',
  exitsFolder: folder,
  attachFolder: folder,
  criuFolder: undefined,
  env: { PATH: '/usr/bin:/bin' },
});

/** A runtime that knows its version and fails at all else. */
async function failing(folder: string, name: string) {
  const binary = join(folder, name);
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo '${name} version 9' && exit\necho no luck >&2; exit 1\n`;
  await writeFile(binary, script, { mode: 0o755 });
  const root = join(folder, `${name}-containers`);
  await mkdir(root);
  return { root, oci: await openRunc({ ...places(folder), binary, root }) };
}

test('a container is reached at the runtime that holds it, which errors name', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const runc = await failing(folder.path, 'runc');
  const crun = await failing(folder.path, 'crun');
  const oci = joinRuntimes(runc.oci, [{ name: 'fast', oci: crun.oci }]);
  await mkdir(join(crun.root, 'c'));
  await assert.rejects(oci.start('c'), { message: 'crun start failed with code 1: no luck' });
  await assert.rejects(oci.start('unknown'), { message: 'runc start failed with code 1: no luck' });
  const request = { imagePath: folder.path, workPath: folder.path, leaveRunning: true, options: [] };
  await assert.rejects(oci.checkpoint('c', request), { message: /run by crun, could not dump .*no luck/ });
  assert.equal(oci.of('c').version, '9');
});

test('a handler that is not known and one that does not work are refused, each with its reason', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { oci: first } = await failing(folder.path, 'runc');
  const broken = await openCrun('crun', join(folder.path, 'x'), {
    ...places(folder.path),
    root: folder.path,
    binary: '/nowhere/crun',
  });
  const oci = joinRuntimes(first, [broken]);
  assert.equal(oci.named(''), first);
  assert.equal(oci.named('runc'), first);
  assert.throws(() => oci.named('kata'), { code: 'ERR_RUNTIME_UNAVAILABLE', message: /"kata" is not known/ });
  assert.throws(() => oci.named('crun'), { code: 'ERR_RUNTIME_UNAVAILABLE', message: /does not work here: .*crun/ });
});

test('hybrid control groups are known by the mount that crun looks at', () => {
  const hybrid = '30 24 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw';
  assert.ok(isHybrid(`22 1 8:1 / / rw - ext4 /dev/sda rw\n${hybrid}\n`));
  assert.ok(!isHybrid('30 24 0:26 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n'));
  assert.ok(!isHybrid(hybrid.replace('cgroup2 cgroup2', 'tmpfs tmpfs')));
});

test('the program that hides it passes arguments on as they are, whatever the path has in it', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const target = join(folder.path, "it's $HOME");
  await writeFile(target, '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 });
  const program = join(folder.path, 'program');
  // What needs root is taken out; the quoting is what is looked at.
  const script = withoutUnified(target).replace('unshare --mount --propagation slave ', '');
  await writeFile(program, script.replace('umount /sys/fs/cgroup/unified', 'true'));
  await chmod(program, 0o755);
  const { stdout } = await run([program, '--root', 'a b', "it's", '$x']);
  assert.equal(stdout, "<--root><a b><it's><$x>");
});

test('folders are hidden by mounts, files by masks', async () => {
  await using rootfs = await openTemporaryFolder(tmpdir());
  await mkdir(join(rootfs.path, 'folder'));
  await writeFile(join(rootfs.path, 'file'), '');
  const maskedPaths = ['/folder', '/file', '/nowhere', '/sys/kernel'];
  const fitted = await hideFolders({ mounts: [], linux: { maskedPaths, namespaces: [] } }, rootfs.path);
  const { mounts, linux } = fitted as { mounts: { destination: string; type: string }[]; linux: object };
  assert.deepEqual(
    mounts.map(({ destination, type }) => [destination, type]),
    [
      ['/folder', 'tmpfs'],
      ['/sys/kernel', 'tmpfs'],
    ],
  );
  assert.deepEqual(linux, { maskedPaths: ['/file', '/nowhere'], namespaces: [] });
  assert.deepEqual(await hideFolders({ mounts: [], linux: {} }, rootfs.path), { mounts: [], linux: {} });
});
