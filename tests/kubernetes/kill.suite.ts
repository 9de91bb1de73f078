/** A migration whose process is killed at each of its steps, or that somebody works against, over real Kubernetes binaries. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClusterLab, openClusterLab, PATIENCE, skip } from './cluster-lab.ts';
import type { KubeletNode } from './kubelet.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));

interface Moving {
  readonly process: ChildProcess;
  /** Fulfilled once that line is on stderr. */
  at(step: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

describe('a migration that is killed', { skip }, () => {
  let here: ClusterLab;
  let second: KubeletNode;

  before(async () => {
    here = await openClusterLab();
    second = await here.openSecond();
  });
  after(async () => {
    await second?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  const move = (pod: string, ...more: string[]): Moving => {
    const place = ['--to', 'node-2', '--image', `${here.lab.registry}/moves/${pod}:1`, '--patience', '60'];
    const state = more.includes('--state') ? [] : ['--state', join(here.lab.folder, `${pod}.json`)];
    const words = ['migrate', `default/${pod}`, ...place, ...state, ...here.fetching(), '-o', 'json', ...more];
    const child = spawn(process.execPath, [PROGRAM, ...words]);
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    return {
      process: child,
      async at(step) {
        for (const deadline = Date.now() + PATIENCE; !said.stderr.includes(`${step}\n`); await delay(5))
          assert.ok(Date.now() < deadline, `it does not come as far as ${step}: ${said.stderr}`);
      },
      ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said }))),
    };
  };
  const forget = async (...pods: string[]) => {
    for (const pod of pods) await here.plane.kubectl('admin', ['delete', 'pod', pod, '--grace-period=0', '--wait']);
  };

  for (const step of ['checkpoint', 'image', 'copy', 'ready', 'remove the original']) {
    it(`at ${step}: the original runs on, and the same command goes on`, async () => {
      const pod = `killed-${step.split(' ')[0]}`;
      await here.count(here.node, pod);
      const killed = move(pod);
      await killed.at(step);
      killed.process.kill('SIGKILL');
      await killed.ended;
      await here.counted(here.node, pod, 3);
      const { code, stdout, stderr } = await move(pod).ended;
      assert.equal(code, 0, stderr);
      await here.wentOn(second, `${pod}-moved`, new Date(JSON.parse(stdout).answeredAt));
      assert.deepEqual([await here.pods(), await here.pods('kube-system')], [[`${pod}-moved`], []]);
      await forget(`${pod}-moved`);
    });
  }

  it('of two of one pod one moves it, and neither removes what is left', async () => {
    await here.count(here.node, 'twice');
    const alone = move('twice');
    const same = move('twice');
    const other = move('twice', '--name', 'twice-other', '--state', join(here.lab.folder, 'other.json'));
    const ends = await Promise.all([alone.ended, same.ended, other.ended]);
    const told = ends.map(({ code, stderr }) => `${code} ${stderr}`).join('\n');
    assert.equal(ends.filter(({ stderr }) => stderr.includes('ERR_FILE_LOCKED')).length, 1, told);
    assert.ok(ends.filter(({ code }) => code === 0).length <= 1, told);
    const left = await here.pods();
    assert.ok(left.length > 0, told);
    await forget(...left);
  });

  it('leaves the copy where the original goes before it is ready', async () => {
    await here.count(here.node, 'lost');
    const moving = move('lost');
    await moving.at('ready');
    await here.plane.kubectl('admin', ['delete', 'pod', 'lost', '--grace-period=0', '--force', '--wait=false']);
    moving.process.kill('SIGINT');
    const { code, stderr } = await moving.ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /ERR_CLUSTER_MIGRATION_OPEN/);
    await here.ready('lost-moved');
    await here.counted(second, 'lost-moved', 3);
    await forget('lost-moved');
  });
});
