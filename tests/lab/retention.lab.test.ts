/** A node that keeps so many checkpoints of each container, by its configuration. */
import assert from 'node:assert/strict';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

describe('retention of a node', needs('checkpoint', 'docker-registry'), () => {
  let lab: Lab;
  let folder: string;
  before(async () => {
    lab = await openLab();
    folder = lab.endpoints.checkpoints;
    await lab.run('default/web/app', 'exec sleep 1000');
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const capture = async () =>
    basename((await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/web/app'])).archive);
  const archives = async () => (await readdir(folder)).filter((name) => name.endsWith('.tar')).sort();
  const restart = async (config: string) => {
    await lab.stillframe.atNode(['node', 'down']);
    const file = join(lab.folder, 'node.yaml');
    await writeFile(file, config);
    const rest = ['--port', '0', '--cgroup-parent', `/${basename(lab.folder)}`, '--config', file];
    Object.assign(lab.endpoints, await lab.stillframe.json(['node', 'up'], rest));
  };
  const settled = async (count: number) => {
    for (let round = 0; round < 100 && (await archives()).length !== count; round += 1) await delay(50);
    return archives();
  };

  test('is applied at its start and after each capture; what is pinned stays, and each goes with its evidence', async () => {
    const made = [await capture(), await capture(), await capture(), await capture()];
    await lab.stillframe.atNode(['checkpoints', 'pin', made[0] ?? '']);
    // What a run that was killed left.
    await rename(join(folder, made[1] ?? ''), join(folder, `.removed-${made[1]}`));
    await restart('retention: { rules: [{ per: container, keep: 2 }] }\n');
    assert.deepEqual(await settled(2), [made[0], made[3]].sort());
    const last = await capture();
    assert.deepEqual(await settled(2), [made[0], last].sort());
    const saidOf = (name: string) => [`${name}.custody.jsonl`, `${name}.evidence.json`];
    const beside = [`${made[0]}.keep`, ...saidOf(made[0] ?? ''), ...saidOf(last)];
    assert.deepEqual((await readdir(folder)).sort(), [made[0], last, ...beside].sort());
    const { body } = await lab.curl('/metrics', { method: 'GET' });
    assert.match(body, /stillframe_checkpoints_removed_total\{limit="keep"\} 2/);
    assert.match(body, /stillframe_checkpoints_removed_bytes_total [1-9]/);
  });
});
