/** Checkpoints of a folder: what counts as one, what goes with it, and what a kill in the middle leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, open, readdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RetentionRule } from '@stillframe/checkpoint';
import { reservationOf } from '@stillframe/kubelet/names';
import { PROGRAM } from '../desk.fixture.ts';
import { type Folder, inFolder, NOW } from './desk.fixture.ts';
import { findUnit } from './find.ts';
import { holdUsed } from './in-use.ts';
import { pin, unpin } from './pin.ts';
import { carryOut, planFolder } from './prune.ts';
import { completeRemovals, type Removal, removeUnits } from './remove.ts';
import { scanFolder } from './scan.ts';

const NOWHERE = '/nonexistent/operations';

/** Prunes as the command does; what went, and what came of it. */
async function prune({ path }: Folder, rule: Partial<RetentionRule>, operations = NOWHERE) {
  const place = { folder: path, operations };
  const plan = await planFolder(place, { rules: [{ per: 'container', ...rule }] }, { now: NOW });
  const results: [string, Removal][] = [];
  await carryOut(place, plan, (unit, result) => results.push([unit.name, result]));
  return Object.fromEntries(results);
}

describe('the checkpoints of a folder', () => {
  it('are its archives and the folders of pods, and nothing else', () =>
    inFolder(async (folder) => {
      const name = await folder.archive(1);
      await folder.pod('pod', 2);
      await writeFile(folder.at('notes.tar'), 'x');
      await mkdir(folder.at('checkpoint-a_b-c-2026-01-01T00:00:00Z.tar'));
      await symlink(folder.at(name), folder.at('checkpoint-l_b-c-2026-01-01T00:00:00Z.tar'));
      await symlink(folder.at('pod'), folder.at('linked'));
      await folder.pod('half', 2);
      await rm(folder.at('half/b.tar'));
      const units = await scanFolder(folder.path);
      assert.deepEqual(
        units.map(({ kind, owner, pause, evidence }) => [kind, owner.text, pause, evidence]),
        [
          ['pod', 'default/web', 7, 'unchecked'],
          ['archive', 'default/web/app', 5, 'unchecked'],
        ],
      );
      const [own] = await scanFolder(folder.at('pod'));
      assert.deepEqual([own?.kind, own?.name], ['pod', 'pod']);
    }));

  it('are told apart by evidence where their names leave a choice, and by the whole name where nothing does', () =>
    inFolder(async (folder) => {
      await folder.archive(1, { address: ['kube-system', 'p', 'dns'] });
      await folder.archive(2, { address: ['kube-system', 'p', 'dns'], evidence: false });
      await folder.archive(3, { address: ['kube-system', 'q', 'dns'], evidence: false });
      const units = (await scanFolder(folder.path)).sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
      assert.deepEqual(
        units.map(({ owner, groups }) => [owner.text, groups.namespace === units[0]?.groups.namespace]),
        [
          ['kube-system/p/dns', true],
          ['kube-system/p/dns', true],
          ['kube-system-dns of q', false],
        ],
      );
    }));

  it('tell where the size is not the one of the evidence, and where evidence is damaged', () =>
    inFolder(async (folder) => {
      const [grown, damaged] = [await folder.archive(1), await folder.archive(2)];
      await using file = await open(folder.at(grown), 'a');
      await file.write('more');
      await writeFile(folder.at(`${damaged}.evidence.json`), '{');
      const units = await scanFolder(folder.path);
      assert.deepEqual(
        new Map(units.map(({ name, evidence }) => [name, evidence])),
        new Map([
          [grown, 'size-differs'],
          [damaged, 'unreadable'],
        ]),
      );
    }));
});

describe('pruning a folder', () => {
  it('takes an archive with what lies beside it, and leaves what only looks like it', () =>
    inFolder(async (folder) => {
      const [newest, oldest] = [await folder.archive(1), await folder.archive(2)];
      const beside = [`${oldest}.custody.jsonl`, `${oldest}.seal.json`];
      const others = [`${oldest}.gz`, `${oldest}x`, 'notes.txt', `${oldest.replace('.tar', '')}.json`];
      for (const name of [...beside, ...others]) await writeFile(folder.at(name), '');
      await symlink('/etc/hostname', folder.at(`${oldest}.link.json`));
      // What a writer of the chain leaves that was killed, also while it took over from another.
      for (const end of ['', '.0123456789ab'])
        await symlink('4194999 host x', folder.at(`${oldest}.custody.jsonl.lock${end}`));
      assert.deepEqual(await prune(folder, { keep: 1 }), { [oldest]: 'removed' });
      const left = [newest, `${newest}.evidence.json`, `${oldest}.link.json`, ...others];
      assert.deepEqual(await folder.names(), left.sort());
    }));

  it('takes the checkpoint of a pod whole, counted apart from those of its containers', () =>
    inFolder(async (folder) => {
      const alone = await folder.archive(9, { address: ['default', 'web', 'a'] });
      for (const hours of [1, 2, 3]) await folder.pod(`pod${hours}`, hours);
      await writeFile(folder.at('pod3/notes.txt'), 'mine');
      await symlink('/etc/hostname', folder.at('pod2/a.tar.keep'));
      assert.deepEqual(await prune(folder, { keep: 1 }), { pod3: 'removed' });
      const names = await folder.names();
      assert.deepEqual(
        names.filter((name) => !/^pod[12]/.test(name)),
        [alone, `${alone}.evidence.json`, 'pod3', 'pod3/notes.txt'],
      );
    }));

  it('leaves what is being written, restored or read, and what is no archive', () =>
    inFolder(async (folder) => {
      const names = await Promise.all([2, 3, 4, 5].map((hours) => folder.archive(hours, { evidence: false })));
      const [reserved = '', noted = '', opened = '', text = ''] = names;
      await folder.archive(1);
      await folder.pod('new', 1);
      await folder.pod('restoring', 2);
      await writeFile(folder.at(reservationOf(reserved)), '');
      await writeFile(folder.at(text), 'no archive');
      const operations = folder.at('.operations');
      await mkdir(operations);
      const publication = { files: [{ from: '/w/a', to: folder.at(noted) }], captured: [], ending: [] };
      await writeFile(join(operations, 'a.json'), JSON.stringify({ kind: 'checkpoint', publication }));
      const restoring = { kind: 'restore-pod', checkpointPath: folder.at('restoring') };
      await writeFile(join(operations, 'b.json'), JSON.stringify(restoring));
      await using _file = await open(folder.at(opened), 'r');
      assert.deepEqual(await prune(folder, { keep: 1 }, operations), {});
      const held = await holdUsed(await scanFolder(folder.path), operations);
      assert.deepEqual(held.flatMap((unit) => (unit.held ? [`${unit.held.why} ${unit.held.counts}`] : [])).sort(), [
        'being restored true',
        'being written false',
        'being written false',
        'no archive, whatever its name says false',
        `open in process ${process.pid} true`,
      ]);
    }));

  it('heeds a pin and a change since the plan was made', () =>
    inFolder(async (folder) => {
      const names = await Promise.all([1, 2, 3, 4].map((hours) => folder.archive(hours)));
      await folder.pod('pod', 5);
      const units = (await scanFolder(folder.path)).sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
      const [gone, pinned, changed] = names.map((name) => folder.at(name));
      await unlink(gone ?? '');
      await writeFile(`${pinned}.keep`, '');
      await writeFile(folder.at('other'), '');
      await rename(folder.at('other'), changed ?? '');
      await writeFile(folder.at('pod/pod.options.keep'), '');
      const results: Removal[] = [];
      await removeUnits(units, (_unit, result) => results.push(result));
      assert.deepEqual(results, ['gone', 'pinned', 'changed', 'removed', 'pinned']);
    }));
});

describe('a removal that was cut off', () => {
  it('is completed by the next, from wherever it stopped', () =>
    inFolder(async (folder) => {
      const [first, second, third] = await Promise.all([1, 2, 3].map((hours) => folder.archive(hours)));
      await rename(folder.at(first ?? ''), folder.at(`.removed-${first}`));
      await rename(folder.at(second ?? ''), folder.at(`.removed-${second}`));
      await unlink(folder.at(`${second}.evidence.json`));
      await folder.pod('pod', 1);
      await rename(folder.at('pod/pod.options'), folder.at('pod/.removed-pod.options'));
      await unlink(folder.at('pod/a.tar'));
      assert.deepEqual(
        (await scanFolder(folder.path)).map(({ name }) => name),
        [third],
      );
      await completeRemovals(folder.path);
      assert.deepEqual(await folder.names(), [third, `${third}.evidence.json`]);
    }));

  it('is undone where a pin was set meanwhile, and spares another archive of that name', () =>
    inFolder(async (folder) => {
      const [pinned, again] = await Promise.all([1, 2].map((hours) => folder.archive(hours)));
      await rename(folder.at(pinned ?? ''), folder.at(`.removed-${pinned}`));
      await writeFile(folder.at(`${pinned}.keep`), '');
      await rename(folder.at(again ?? ''), folder.at(`.removed-${again}`));
      await folder.archive(2);
      await folder.pod('pod', 1);
      await rename(folder.at('pod/pod.options'), folder.at('pod/.removed-pod.options'));
      await writeFile(folder.at('pod/b.tar.keep'), '');
      const before = (await folder.names()).length;
      await completeRemovals(folder.path);
      assert.equal((await scanFolder(folder.path)).length, 3);
      assert.equal((await folder.names()).length, before - 1);
    }));

  it('by kill -9 never leaves an archive without its evidence', () =>
    inFolder(async (folder) => {
      for (let hours = 1; hours <= 400; hours += 1) await folder.archive(hours);
      const place = ['--root', folder.at('.none'), '--state', folder.at('.none')];
      const args = [PROGRAM, 'checkpoints', 'prune', folder.path, '--keep', '2', '--yes', ...place];
      for (let round = 0; round < 6; round += 1) {
        const child = spawn(process.execPath, args, { stdio: 'ignore' });
        const ended = new Promise((resolve) => child.once('close', resolve));
        // As soon as something has gone, so that the kill falls into the middle.
        while (child.exitCode === null && !(await readdir(folder.path)).some((name) => name.startsWith('.removed-')))
          await delay(1);
        child.kill('SIGKILL');
        await ended;
        assert.ok((await scanFolder(folder.path)).every(({ evidence }) => evidence === 'unchecked'));
      }
      const results = await prune(folder, { keep: 2 });
      assert.ok(Object.values(results).every((result) => result === 'removed'));
      assert.equal((await folder.names()).length, 4);
    }));

  it('of two at once removes each once, and nothing that is to stay', () =>
    inFolder(async (folder) => {
      for (let hours = 1; hours <= 60; hours += 1) await folder.archive(hours);
      const both = await Promise.all([prune(folder, { keep: 5 }), prune(folder, { keep: 5 })]);
      const removed = both.flatMap((results) => Object.values(results)).filter((result) => result === 'removed');
      assert.equal(removed.length, 55);
      assert.equal((await folder.names()).length, 10);
    }));
});

describe('a checkpoint that is named', () => {
  it('is found by path, by name in the folder of the node, and by the list of a pod', () =>
    inFolder(async (folder) => {
      const name = await folder.archive(1);
      await folder.pod('pod', 1);
      for (const what of [name, folder.at(name)])
        assert.equal((await findUnit(what, folder.path)).path, folder.at(name));
      for (const what of ['pod', folder.at('pod/pod.options')])
        assert.equal((await findUnit(what, folder.path)).kind, 'pod');
      const unknown = { code: 'ERR_CHECKPOINT_UNKNOWN' };
      await assert.rejects(findUnit('none.tar', folder.path), unknown);
      await writeFile(folder.at('text'), 'text');
      await assert.rejects(findUnit('text', folder.path), { ...unknown, message: /is no checkpoint/ });
      await symlink(folder.at(name), folder.at('linked'));
      await assert.rejects(findUnit('linked', folder.path), { ...unknown, message: /is a link/ });
    }));

  it('is pinned by a file that the operator heeds, and only by people unpinned', () =>
    inFolder(async (folder) => {
      const name = await folder.archive(1);
      await folder.pod('pod', 1);
      for (const what of [name, 'pod']) {
        const unit = () => findUnit(what, folder.path);
        assert.deepEqual([await pin(await unit()), await pin(await unit())], [true, false]);
        assert.equal((await unit()).pinned, true);
        assert.deepEqual([await unpin(await unit()), await unpin(await unit())], [true, false]);
      }
      const managed = { managedBy: 'checkpoint-restore-operator/podrestore', podRestoreOwners: ['default/a'] };
      await writeFile(folder.at(`${name}.keep`), JSON.stringify(managed));
      await assert.rejects(unpin(await findUnit(name, folder.path)), { code: 'ERR_CHECKPOINT_PIN_FOREIGN' });
      await writeFile(folder.at(`${name}.keep`), 'needed for the audit');
      assert.equal(await unpin(await findUnit(name, folder.path)), true);
    }));
});
