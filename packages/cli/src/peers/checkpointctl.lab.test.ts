/** checkpointctl, where it is installed, reads what we write, and still says of the fixtures what fixtures/peers records. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPeer, needs } from '@stillframe/testkit';

const DEMO = fileURLToPath(new URL('../../../demo/src/main.ts', import.meta.url));

/** The keys of `checkpointctl inspect --format json` that are used here. */
interface Inspected {
  container_name: string;
  image: string;
  id: string;
  engine: string;
  runtime: string;
  process_tree: Task;
  file_descriptors: { pid: number; open_files: { fd: string; path: string }[] }[];
  statistics: { frozen_time: number; pages_written: number };
}

interface Task {
  pid: number;
  command: string;
  children?: Task[];
}

describe('checkpointctl on an archive of our own', needs('checkpoint', 'docker-registry', 'checkpointctl'), () => {
  let folder: string;
  let archive: string;
  before(async () => {
    folder = await mkdtemp('/var/tmp/stillframe-peers-');
    archive = join(folder, 'counter.tar');
    // Whether the rest of the demo goes well is the matter of its own test.
    const { stdout } = spawnSync(process.execPath, [DEMO, '--output', 'json', '--write-sample', archive], {
      encoding: 'utf8',
    });
    assert.ok(existsSync(archive), stdout);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('inspects it as one of CRI-O, whole and without a word of complaint', () => {
    const tree = checkpointctl('inspect', '--all', archive);
    for (const part of ['Engine: CRI-O', 'Process tree', 'Open files', 'CRIU dump statistics', 'Overview of mounts']) {
      assert.ok(tree.includes(part), `${part} in ${tree}`);
    }
    const [found] = JSON.parse(checkpointctl('inspect', '--all', '--format', 'json', archive)) as Inspected[];
    assert.ok(found);
    assert.equal(found.engine, 'CRI-O');
    assert.equal(found.container_name, 'counter');
    assert.match(found.image, /\/counter:v1$/);
    assert.match(found.id, /^[0-9a-f]{64}$/);
    assert.equal(found.process_tree.command, 'sh');
    const [first] = found.file_descriptors;
    assert.equal(first?.pid, found.process_tree.pid);
    assert.deepEqual(
      first?.open_files.map(({ fd }) => fd).filter((fd) => /\d/.test(fd)),
      ['REG 0', 'PIPE 1', 'PIPE 2'],
    );
    assert.ok(found.statistics.pages_written > 0);
  });

  test('shows it in its list', () => {
    const list = checkpointctl('show', archive);
    assert.match(list, /^counter\s+\S+\/counter:v1\s+[0-9a-f]{12}\s+runc\s+\S+\s+CRI-O\s/m);
  });
});

test('checkpointctl says of the fixtures what is recorded of it', needs('checkpointctl'), async () => {
  for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
    const path = fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
    const [found] = JSON.parse(checkpointctl('inspect', '--all', '--format', 'json', path)) as Inspected[];
    assert.ok(found);
    const recorded = JSON.parse(
      await readFile(new URL(`../../fixtures/peers/${name}.checkpointctl.json`, import.meta.url), 'utf8'),
    );
    const { container_name, id, runtime, engine } = found;
    assert.deepEqual({ name: container_name, id, runtime, engine }, recorded.container);
    assert.deepEqual(found.statistics, recorded.statistics);
    // It lists children in an order that changes from run to run.
    assert.deepEqual(
      tasksOf(found.process_tree, 0).sort((a, b) => a.pid - b.pid),
      recorded.processes
        .map(({ pid, ppid, command }: Task & { ppid: number }) => ({ pid, ppid, command }))
        .sort((a: Task, b: Task) => a.pid - b.pid),
    );
  }
});

/** Standard output; what it says on standard error fails the test, for it exits with 0 on some errors. */
function checkpointctl(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(findPeer('checkpointctl') ?? '', args, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

function tasksOf(task: Task, ppid: number): { pid: number; ppid: number; command: string }[] {
  const { pid, command, children = [] } = task;
  return [{ pid, ppid, command }, ...children.flatMap((child) => tasksOf(child, pid))];
}
