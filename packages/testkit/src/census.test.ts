import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from './capability.ts';
import { type Census, differences, takeCensus } from './census.ts';

const empty: Census = { processes: [], mounts: [], networkNamespaces: [], cgroups: [], runtimeState: [], firewall: [] };

test('what came and what went is told list by list', () => {
  const before = { ...empty, mounts: ['a', 'b', 'b'], cgroups: ['x'] };
  const after = { ...empty, mounts: ['a', 'b', 'c'], cgroups: ['x'] };
  assert.deepEqual(differences(before, after), ['+ mounts: c', '- mounts: b']);
  assert.deepEqual(differences(before, before), []);
});

test('a container folder in a state folder that was named is seen', needs('linux'), async () => {
  const root = await mkdtemp(join(tmpdir(), 'stillframe-census-'));
  try {
    const options = { runtimeRoots: [root] };
    const before = await takeCensus(options);
    await mkdir(join(root, 'left-behind'));
    const found = differences(before, await takeCensus(options)).filter((line) => line.includes(root));
    assert.deepEqual(found, [`+ runtimeState: ${join(root, 'left-behind')}`]);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('a process called conmon is seen while it lives', needs('linux'), async () => {
  const root = await mkdtemp(join(tmpdir(), 'stillframe-census-'));
  const shell = spawnSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).stdout.trim();
  await symlink(shell, join(root, 'conmon'));
  const child = spawn(join(root, 'conmon'), ['30'], { stdio: 'ignore' });
  try {
    await new Promise((resolve) => child.once('spawn', resolve));
    const { processes } = await takeCensus();
    assert.ok(processes.includes(`${child.pid} ${join(root, 'conmon')} 30`));
  } finally {
    child.kill('SIGKILL');
    await rm(root, { recursive: true });
  }
});

test('a network namespace that is kept by a mount is seen', needs('linux', 'root'), async () => {
  const root = await mkdtemp(join(tmpdir(), 'stillframe-census-'));
  const kept = join(root, 'net');
  try {
    await writeFile(kept, '');
    const made = spawnSync('unshare', [`--net=${kept}`, 'true'], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    assert.ok((await takeCensus()).networkNamespaces.includes(kept));
  } finally {
    spawnSync('umount', [kept]);
    await rm(root, { recursive: true });
  }
  assert.ok(!(await takeCensus()).networkNamespaces.includes(kept));
});
