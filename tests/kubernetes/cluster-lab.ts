/** A lab with a cluster of real binaries: one node over our own CRI socket, a second one on a host of its own where it is asked for. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UndoStack } from '@stillframe/core';
import { execute, numbersIn, Stillframe, waitForNumbers } from '@stillframe/demo/stage';
import { type Lab, openLab } from '../lab/lab.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { FIRST, openHost } from './host.ts';
import { type KubeletNode, startKubelet } from './kubelet.ts';
import { end, logOf, startLogged } from './programs.ts';

export const PROGRAM = join(process.env['STILLFRAME_KUBERNETES_BUILD'] ?? '/tmp/kube-build', 'kubernetes');
/** What a suite is skipped for. */
export const skip = existsSync(PROGRAM) ? false : 'sh tests/kubernetes/build.sh makes them';
/** Milliseconds. */
export const PATIENCE = 120_000;
const NODES = ['node-1', 'node-2', 'other'];
const COUNT = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done';
const STILLFRAME = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));
const FORWARD = fileURLToPath(new URL('forward.ts', import.meta.url));

export interface ClusterLab extends AsyncDisposable {
  readonly lab: Lab;
  readonly plane: ControlPlane;
  /** `node-1`. */
  readonly node: KubeletNode;
  /** Words that say which cluster, and as whom. */
  as(user?: string): string[];
  /** The same, and with which image archives are fetched. */
  fetching(user?: string): string[];
  /** Makes a pod on a node whose container `counter` counts, and waits until it has come to five. */
  count(node: KubeletNode, pod: string, image?: string): Promise<void>;
  ready(pod: string): Promise<void>;
  /** What a pod has counted once that is `more` numbers further than now. */
  counted(node: KubeletNode, pod: string, more: number): Promise<number[]>;
  /**
   * What a copy has counted since it was asked for, once it has counted five: its log begins with that of the original. Throws
   * where it began anew, or left one out.
   */
  wentOn(node: KubeletNode, pod: string, since: Date): Promise<void>;
  /** Names of the pods that there are in a namespace, sorted. */
  pods(kubeNamespace?: string): Promise<string[]>;
  /** Another node, `other`, over any CRI socket of this host. */
  openOther(cri: string, featureGates?: Readonly<Record<string, boolean>>): Promise<KubeletNode>;
  /** `node-2`, on a host and a node of ours of its own. `up`: further words of `node up`. */
  openSecond(up?: readonly string[]): Promise<KubeletNode>;
}

export async function openClusterLab(): Promise<ClusterLab> {
  const undo = new UndoStack({ deadline: 300_000 });
  try {
    const lab = await openLab();
    undo.push('lab', () => lab[Symbol.asyncDispose]());
    const folder = join(lab.folder, 'cluster');
    await mkdir(folder);
    const plane = await startControlPlane({ folder, program: PROGRAM, nodes: NODES, addresses: ['10.99.0.2'] });
    undo.push('control plane', () => plane[Symbol.asyncDispose]());
    const node = await startKubelet(plane, { name: 'node-1', host: FIRST, cri: join(lab.folder, 'state/cri.sock') });
    undo.push('node-1', () => node[Symbol.asyncDispose]());
    const as = (user = 'admin') => ['--kubeconfig', plane.kubeconfig(user)];
    const ready = async (pod: string) => {
      const words = ['wait', `pod/${pod}`, '--for=condition=Ready', `--timeout=${PATIENCE / 1000}s`];
      try {
        await plane.kubectl('admin', words);
      } catch (cause) {
        throw new Error((await plane.kubectl('admin', ['describe', 'pod', pod])).slice(-3000), { cause });
      }
    };
    const counted = async (where: KubeletNode, pod: string, more: number) => {
      const log = await where.log(pod, 'counter');
      return waitForNumbers(log, (await numbersIn(log)).length, more, AbortSignal.timeout(PATIENCE));
    };
    return {
      ...{ lab, plane, node, as, ready },
      fetching: (user) => [...as(user), '--fetch-image', lab.image],
      counted,
      async count(where, pod, image = lab.image) {
        await plane.kubectl('admin', ['create', '-f', '-'], JSON.stringify(counter(pod, image, where.name)));
        await ready(pod);
        await counted(where, pod, 5);
      },
      async wentOn(where, pod, since) {
        const log = await where.log(pod, 'counter');
        for (const deadline = Date.now() + PATIENCE; ; await delay(100)) {
          const numbers = numbersSince(await readFile(log, 'utf8').catch(() => ''), since);
          assert.ok(Date.now() < deadline, `${pod} does not count`);
          if (numbers.length < 5) continue;
          const first = numbers[0] ?? 0;
          assert.ok(first > 3, `the copy begins at ${first}`);
          const inTurn = numbers.map((_n, at) => first + at);
          assert.deepEqual(numbers, inTurn, 'it goes on where it was');
          return;
        }
      },
      async pods(kubeNamespace = 'default') {
        const listed = await plane.kubectl('admin', ['get', 'pods', '-n', kubeNamespace, '-o', 'name']);
        return listed
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => basename(line))
          .sort();
      },
      openOther: (cri, featureGates = {}) => startKubelet(plane, { name: 'other', host: FIRST, cri, featureGates }),
      openSecond: (up = []) => openSecond(lab, plane, up),
      async [Symbol.asyncDispose]() {
        await plane.startApiServer().catch(() => undefined);
        await plane.kubectl('admin', ['delete', 'pods', '--all', '-A', '--grace-period=0', '--wait']);
        await undo[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

async function openSecond(lab: Lab, plane: ControlPlane, up: readonly string[]): Promise<KubeletNode> {
  const undo = new UndoStack({ deadline: 120_000 });
  try {
    const host = await openHost(2);
    undo.push('host', () => host[Symbol.asyncDispose]());
    const folder = join(lab.folder, 'second');
    await mkdir(folder);
    const socket = join(folder, 'registry.sock');
    const port = lab.registry.slice(lab.registry.lastIndexOf(':') + 1);
    for (const argv of [
      [process.execPath, FORWARD, socket, port],
      host.there([process.execPath, FORWARD, port, socket]),
    ]) {
      const child = startLogged(argv, logOf(folder, 'forward'), folder);
      undo.push('forward', () => end(child));
    }
    // The lab's folder is in its name, by which the lab's census knows what is its own.
    const own = ['--cgroup-parent', `/${basename(lab.folder)}/second`, ...up];
    const stillframe = new Stillframe(folder, own, (words, signal) =>
      execute(host.there([process.execPath, STILLFRAME, ...words]), signal),
    );
    await stillframe.up(0);
    undo.push('runtime', async () => void (await stillframe.atNode(['node', 'down', '--pods'])));
    const node = await startKubelet(plane, { name: 'node-2', host, cri: join(folder, 'state/cri.sock') });
    undo.push('node-2', () => node[Symbol.asyncDispose]());
    return { ...node, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

function numbersSince(log: string, since: Date): number[] {
  const lines = [...log.matchAll(/^(\S+) stdout F count (\d+)$/gm)];
  return lines.filter(([, time = '']) => Date.parse(time) > since.getTime()).map(([, , number]) => Number(number));
}

function counter(name: string, image: string, nodeName: string): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels: { app: name } } },
    spec: {
      ...{ hostNetwork: true, automountServiceAccountToken: false, enableServiceLinks: false },
      ...{ terminationGracePeriodSeconds: 0, nodeName },
      containers: [{ name: 'counter', image, command: ['sh', '-c', COUNT] }],
    },
  };
}
