/** A restore whose pages are read where they lie in the archive: without a copy, and with nothing left mounted. */
import assert from 'node:assert/strict';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { foldersOf } from '@stillframe/runtime/place';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'erofs');
const BYTES = 24 << 20;
/** tail holds so many random bytes until somebody writes into the fifo; then their sum is told, to be held against /tmp/sum. */
const HOLD = `mkfifo /tmp/end; { busybox head -c ${BYTES} /dev/urandom > /tmp/in; busybox sha256sum < /tmp/in > /tmp/sum
  cat /tmp/in; rm /tmp/in; echo ready >&2; read line < /tmp/end; } | busybox tail -c ${BYTES} | busybox sha256sum; exec sleep 100000`;

describe('a restore in place', { skip }, () => {
  let lab: CriLab;
  let archive: string;
  before(async () => {
    lab = await openCriLab();
    const log = await lab.run('default/holder/main', HOLD);
    await until(async () => (await readFile(log, 'utf8').catch(() => '')).includes('ready'));
    // What is still in the pipe is read within this time.
    await delay(500);
    archive = join(lab.folder, 'holder.tar');
    await lab.stillframe.json(['checkpoint', 'default/holder/main'], ['--export', archive]);
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const create = async (name: string, annotations: Record<string, string> = {}) => {
    const pod = {
      metadata: { name, uid: name, namespace: 'default' },
      logDirectory: join(lab.folder, 'logs'),
      annotations: { 'io.stillframe.network': 'none' },
    };
    const { podSandboxId } = await lab.cri.runtime.runPodSandbox({ config: pod });
    const config = { metadata: { name: 'one' }, image: { image: archive }, logPath: `${name}.log`, annotations };
    const { containerId } = await lab.cri.runtime.createContainer({ podSandboxId, config: config as never });
    const { containers } = foldersOf({ root: join(lab.folder, 'root'), state: join(lab.folder, 'state') });
    return { name, podSandboxId, containerId, images: join(containers, containerId, 'restore') };
  };
  const mounted = async () =>
    (await readFile('/proc/mounts', 'utf8'))
      .split('\n')
      .filter((line) => line.includes(lab.folder) && line.includes(' erofs '));
  const devices = async () => {
    const files = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'));
    const backing = files.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => ''));
    return (await Promise.all(backing)).filter((path) => path.includes(lab.folder));
  };
  /** Lets the copy tell the sum of what it holds. */
  const holdsIt = async ({ name, containerId }: { name: string; containerId: string }) => {
    const cmd = ['sh', '-c', 'cat /tmp/sum; echo > /tmp/end'];
    const { stdout } = await lab.cri.runtime.execSync({ containerId, cmd, timeout: 10n });
    const [sum = ''] = Buffer.from(stdout).toString().split(' ');
    assert.match(sum, /^[0-9a-f]{64}$/);
    await until(async () => (await readFile(join(lab.folder, 'logs', `${name}.log`), 'utf8')).includes(sum));
  };

  test('reads the pages through a mount that ends with the start, and has all of them', async () => {
    const copy = await create('plain');
    const links = (await readdir(copy.images, { withFileTypes: true })).filter((entry) => entry.isSymbolicLink());
    assert.deepEqual(
      await Promise.all(links.map(({ name }) => readlink(join(copy.images, name)))),
      links.map(({ name }) => `in-place/${name}`),
    );
    assert.equal(links.length, 1, 'the pages of tail, and not the small ones of the others');
    assert.equal((await mounted()).length, 1);
    await lab.cri.runtime.startContainer({ containerId: copy.containerId });
    assert.deepEqual([await mounted(), await devices()], [[], []]);
    await holdsIt(copy);
  });

  test('leaves nothing mounted where a copy is removed without a start', async () => {
    const { podSandboxId, containerId } = await create('removed');
    assert.equal((await devices()).length, 2);
    await lab.cri.runtime.removeContainer({ containerId });
    await lab.cri.runtime.removePodSandbox({ podSandboxId });
    assert.deepEqual([await mounted(), await devices()], [[], []]);
  });

  test('gives a copy pages of its own where something is to be changed in them', async () => {
    const copy = await create('changed', { 'io.stillframe.restore/scrub-tokens': 'true' });
    assert.deepEqual(await mounted(), []);
    await lab.cri.runtime.startContainer({ containerId: copy.containerId });
    await holdsIt(copy);
  });

  test('outlives the daemon, and does not need the name of the archive any more', async () => {
    const copy = await create('outlived');
    process.kill(lab.endpoints.pid, 'SIGKILL');
    await lab.stillframe.up(0);
    assert.equal((await mounted()).length, 1);
    await rm(archive);
    await lab.cri.runtime.startContainer({ containerId: copy.containerId });
    assert.deepEqual([await mounted(), await devices()], [[], []]);
    await holdsIt(copy);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds()); await delay(20)) {
    assert.ok(Date.now() < deadline, 'not within 30 s');
  }
}
