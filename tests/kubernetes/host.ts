/** A host of the lab: a network namespace with an address on the lab's bridge, in which a node's programs run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UndoStack } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';

export interface Host extends AsyncDisposable {
  /** IPv4 address that other hosts reach it by. */
  readonly address: string;
  /** The same words, for a program that is to run on this host. */
  there(words: readonly string[]): string[];
}

const BRIDGE = 'nodes';
const addressOf = (number: number) => `10.99.0.${number}`;

/** The host that test.sh makes, and the suite itself runs on. */
export const FIRST: Host = {
  address: addressOf(1),
  there: (words) => [...words],
  [Symbol.asyncDispose]: async () => undefined,
};

/** Makes the host of a number from 2 to 250, which goes with the process that holds its namespace. */
export async function openHost(number: number): Promise<Host> {
  const undo = new UndoStack({ deadline: 10_000 });
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  undo.push('namespace', async () => {
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  });
  await once(holder, 'spawn');
  const there = (words: readonly string[]) => ['nsenter', `--net=/proc/${holder.pid}/ns/net`, ...words];
  try {
    await isApart(holder.pid ?? 0);
    const port = `port${number}`;
    const peer = ['peer', 'name', 'eth0', 'netns', String(holder.pid)];
    await execute(['ip', 'link', 'add', port, 'type', 'veth', ...peer]);
    await execute(['ip', 'link', 'set', port, 'master', BRIDGE, 'up']);
    await execute(there(['ip', 'link', 'set', 'lo', 'up']));
    await execute(there(['ip', 'addr', 'add', `${addressOf(number)}/24`, 'dev', 'eth0']));
    await execute(there(['ip', 'link', 'set', 'eth0', 'up']));
    await execute(there(['ip', 'route', 'add', 'default', 'via', addressOf(1)]));
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
  return { address: addressOf(number), there, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
}

/** `unshare` has begun before it has a namespace of its own. */
async function isApart(pid: number): Promise<void> {
  const script = `until [ "$(readlink /proc/${pid}/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done`;
  await execute(['timeout', '10', 'sh', '-c', script]);
}
