/** Restoring: what comes back, and what is refused before anything is made. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StillframeError } from '@stillframe/core';
import { openCriClient } from '@stillframe/cri/client';
import { execute, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';
import { waitForText } from './log-lines.ts';

const { skip } = needs('checkpoint', 'docker-registry');

interface RestoredList {
  restored: { address: string; containerID: string; logPath: string }[];
}

describe('restore', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab[Symbol.asyncDispose]());

  const checkpoint = async (address: string) =>
    (await lab.stillframe.json<{ archive: string }>(['checkpoint', address])).archive;
  const restore = (what: string, options: string[] = []) =>
    lab.stillframe.json<RestoredList>(['restore', what], options);
  const texts = async (log: string) =>
    (await readFile(log, 'utf8')).split('\n').map((line) => line.split(' ').slice(3).join(' '));

  test('brings back files that were added, changed, deleted and held open', async () => {
    const script = `echo added > /tmp/added; echo changed >> /etc/passwd; rm /bin/ls; mkdir -m 700 /tmp/deep;
      exec 3>>/tmp/open; echo one >&3; echo held
      while :; do sleep 0.1; [ -e /tmp/tell ] || continue; echo two >&3
      echo "seen: $(cat /tmp/added) $(tail -c 8 /etc/passwd 2>/dev/null || cat /etc/passwd | tr '\\n' ' ') $([ -e /bin/ls ] && echo ls) $(cat /tmp/open | tr '\\n' ' ')"; rm /tmp/tell; done`;
    const teller = '; ';
    const filesLog = await lab.run('default/files/shell', `(sleep 3${teller}echo > /tmp/tell) & ${script}`);
    await waitForText(filesLog, / held$/m);
    const archive = await checkpoint('default/files/shell');
    const { restored } = await restore(archive);
    await waitForText(restored[0]?.logPath ?? '', / seen: /);
    const seen = (await texts(restored[0]?.logPath ?? '')).find((line) => line.startsWith('seen:')) ?? '';
    assert.match(seen, /^seen: added /);
    assert.match(seen, /changed/);
    assert.doesNotMatch(seen, / ls /, '/bin/ls stays deleted');
    assert.match(seen, /one two/);
  });

  test('keeps an established connection over loopback, in every copy', async () => {
    const script = `(i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done) | nc -l -p 7777 >/dev/null & sleep 0.5; sleep 1000 | nc 127.0.0.1 7777`;
    const log = await lab.run('default/tcp/pair', script);
    // The connection carries data.
    await waitForText(log, / tick 8$/m);
    const { restored } = await restore(await checkpoint('default/tcp/pair'), ['--copies', '2']);
    for (const { logPath } of restored) {
      const ticksOf = async () =>
        (await texts(logPath)).filter((line) => line.startsWith('tick')).map((line) => Number(line.slice(5)));
      // It still ticks.
      await waitForText(logPath, new RegExp(` tick ${(await ticksOf()).length + 5}$`, 'm'));
      const ticks = await ticksOf();
      assert.deepEqual(
        ticks,
        ticks.map((_n, i) => i + 1),
        'no tick lost or repeated',
      );
    }
  });

  test('makes copies that can be checkpointed and restored again', async () => {
    const log = await lab.run('default/first/shell', 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done');
    await waitForNumbers(log, 0, 3, AbortSignal.timeout(60_000));
    const { restored } = await restore(await checkpoint('default/first/shell'), ['--name', 'second']);
    await waitForNumbers(restored[0]?.logPath ?? '', 5, 3, AbortSignal.timeout(60_000));
    const again = await restore(await checkpoint('default/second/shell'), ['--name', 'third']);
    const numbers = await waitForNumbers(again.restored[0]?.logPath ?? '', 12, 3, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
  });

  test('refuses a checkpoint whose bind mounts the request does not declare, naming them', async () => {
    const data = join(lab.folder, 'data');
    await mkdir(data);
    await lab.run('default/mounted/shell', 'while :; do sleep 1; done', ['--mount', `${data}:/data`]);
    await delay(300);
    const archive = await checkpoint('default/mounted/shell');
    await assert.rejects(restore(archive), /expects following bind mounts defined \(\/data\).*ERR_RESTORE_REFUSED/s);
    const { restored } = await restore(archive, ['--mount', `${data}:/data`, '--name', 'mounted-again']);
    assert.equal(restored.length, 1);
  });

  test('carries memory of many pages through the adopted archive', async () => {
    const script = `big=$(head -c 6000000 /dev/zero | tr '\\0' 'x'); echo "ready"; while :; do sleep 0.2; echo "length \${#big}"; done`;
    const log = await lab.run('default/big/shell', script);
    for (
      const deadline = Date.now() + 60_000;
      Date.now() < deadline && !(await texts(log)).includes('length 6000000');
    )
      await delay(20);
    const { restored } = await restore(await checkpoint('default/big/shell'));
    const copy = restored[0]?.logPath ?? '';
    const reached = (await texts(copy)).length;
    let lines = await texts(copy);
    for (const deadline = Date.now() + 60_000; lines.length <= reached + 2; lines = await texts(copy)) {
      assert.ok(Date.now() < deadline, 'it goes on');
      await delay(20);
    }
    assert.equal(lines.at(-2), 'length 6000000');
  });

  test('turns truncated, empty, random and foreign files away, at once and without a trace', async () => {
    await lab.run('default/plain/shell', 'while :; do sleep 1; done');
    const archive = await checkpoint('default/plain/shell');
    const broken = ['truncated', 'empty', 'random'].map((name) => join(lab.folder, `${name}.tar`));
    const [truncated = '', empty = '', random = ''] = broken;
    await copyFile(archive, truncated);
    await truncate(truncated, 100_000);
    await writeFile(empty, '');
    await writeFile(random, randomBytes(300_000));
    const before = (await lab.stillframe.json<{ pods: unknown[] }>(['pods'])).pods.length;
    for (const path of broken) {
      const from = performance.now();
      await assert.rejects(restore(path), /\[ERR_[A-Z_]+\]/);
      assert.ok(performance.now() - from < 30_000, `${path} took ${performance.now() - from} ms`);
    }
    assert.equal((await lab.stillframe.json<{ pods: unknown[] }>(['pods'])).pods.length, before);
  });

  test('tells what is wrong with an archive, and refuses one whose copy would be another container', async () => {
    const archive = await checkpoint('default/plain/shell');
    const changed = async (name: string, work: (folder: string) => Promise<void>) => {
      const path = join(lab.folder, `${name}.tar`);
      const folder = join(lab.folder, name);
      await copyFile(archive, path);
      await mkdir(folder);
      await work(folder);
      await execute(['tar', '--append', '--absolute-names', '--file', path, '--directory', folder, '.']);
      return path;
    };
    const hostile = await changed('hostile', async (folder) => {
      await symlink('/etc/passwd', join(folder, 'link'));
    });
    await execute(['tar', '--append', '--absolute-names', '--file', hostile, '--directory', '/etc', '../etc/hostname']);
    const said = await lab.stillframe.atNode(['restore', hostile, '--name', 'hostile']).catch((error: Error) => error);
    assert.ok(said instanceof Error, 'exit code 4');
    assert.match(said.message, /^error: .*would leave the archive {2}\[tar-name-unsafe\]$/m);
    assert.match(said.message, /^warning: .*is a symlink; never opened {2}\[tar-entry-not-file\]$/m);
    const cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    const { containers } = await cri.runtime.listContainers({});
    const copy = containers.find(({ annotations }) => annotations['checkpointImage'] === hostile);
    const { info } = await cri.runtime.containerStatus({ containerId: copy?.id ?? '', verbose: true });
    await cri[Symbol.asyncDispose]();
    const { restoredFrom } = JSON.parse(info['info'] ?? '{}') as { restoredFrom: { diagnostics: { id: string }[] } };
    assert.deepEqual(restoredFrom.diagnostics.map(({ id }) => id).sort(), ['tar-entry-not-file', 'tar-name-unsafe']);
    assert.match(await readFile(join(lab.folder, 'root/node.log'), 'utf8'), /fault of the archive that was restored/);

    const before = (await lab.stillframe.json<{ pods: unknown[] }>(['pods'])).pods.length;
    for (const [name, content, message] of [
      ['spec.dump', '{', /spec\.dump (is not JSON|ends too early).*ERR_RESTORE_ARCHIVE/s],
      ['deleted.files', '{"a": ', /deleted\.files (is not JSON|ends too early).*ERR_RESTORE_ARCHIVE/s],
    ] as const) {
      const path = await changed(name, (folder) => writeFile(join(folder, name), content));
      await assert.rejects(restore(path), message);
    }
    assert.equal((await lab.stillframe.json<{ pods: unknown[] }>(['pods'])).pods.length, before);
  });

  test('says of a checkpoint that cannot be written why, and of a name that is taken one thing everywhere', async () => {
    const to = (path: string) => lab.stillframe.json(['checkpoint', 'default/plain/shell'], ['--export', path]);
    await assert.rejects(to('/proc/x.tar'), /no archive can be written in \/proc.*ERR_CHECKPOINT_LOCATION/s);
    await assert.rejects(to('/nonexistent/x.tar'), /stillframe: \/nonexistent does not exist {2}\[ERR_PATH_MISSING\]/);
    const taken = join(lab.folder, 'taken.tar');
    await writeFile(taken, '');
    await assert.rejects(to(taken), /ERR_CHECKPOINT_EXISTS/);
    const cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    const { containers } = await cri.runtime.listContainers({});
    const containerId = containers.find(({ labels }) => labels['io.kubernetes.pod.name'] === 'plain')?.id ?? '';
    await assert.rejects(cri.runtime.checkpointContainer({ containerId, location: taken }), (error) => {
      assert.ok(StillframeError.is(error));
      assert.equal(error.details['remoteCode'], 'ERR_CHECKPOINT_EXISTS');
      return true;
    });
    await cri[Symbol.asyncDispose]();
    await assert.rejects(lab.stillframe.atNode(['checkpoint', 'default/none/shell']), /`stillframe pods --root /);
  });

  test('refuses to put the dump on another base image than the one that ran', async () => {
    const archive = await checkpoint('default/plain/shell');
    const other = join(lab.folder, 'other-base.tar');
    const bytes = await readFile(archive);
    const { image } = await lab.stillframe.read<{ image: { ref: string } }>(['inspect', archive]);
    // Same length, so the archive stays whole; only the image it asks for is another.
    for (let at = bytes.indexOf(image.ref); at >= 0; at = bytes.indexOf(image.ref, at)) bytes.write('0'.repeat(64), at);
    await writeFile(other, bytes);
    await assert.rejects(restore(other), /the checkpoint needs 0{64}.*ERR_RESTORE_REFUSED/s);
  });
});
