/** From what the intruder's programs say of themselves to the truth about the container. */
import assert from 'node:assert/strict';
import {
  AGENT,
  type Attack,
  BACKDOOR_PORT,
  DELETED,
  HIDDEN,
  HIDDEN_SCRIPT,
  MINER,
  POOL,
  PRELOADED,
  SHELL_PORT,
} from './attack.ts';
import type { Truth } from './truth.ts';

/** One line of a program. `fd` -1 and empty texts stand for none. */
export interface Said {
  readonly thing: string;
  readonly pid: number;
  readonly fd: number;
  readonly address: string;
  /** Base 16. */
  readonly bytes: string;
}

const READ = 1;
const WRITE = 2;
const EXECUTE = 4;

/** Joins both. Fails where a program did not come to say where its thing is. */
export function truthOf(all: readonly Said[], attack: Attack): Truth {
  const of = (thing: string) =>
    all.find((said) => said.thing === thing) ?? assert.fail(`${thing} was not planted: ${JSON.stringify(all)}`);
  const code = (thing: string, prot: number) => {
    const { pid, address, bytes } = of(thing);
    return { pid, address, bytes, prot, running: thing === 'running-code' };
  };
  const patch = (thing: string, path: string) => {
    const { pid, address, bytes } = of(thing);
    return { pid, address, path, before: of(`${thing}-before`).bytes, bytes };
  };
  const hidden = Buffer.from(`${HIDDEN_SCRIPT}\n`).toString('base64');
  return {
    reverseShell: {
      pid: of('reverse-shell').pid,
      fds: [0, 1, 2],
      remote: { address: '127.0.0.1', port: SHELL_PORT },
      folder: HIDDEN,
    },
    memfd: { pid: of('memfd').pid, name: 'kaudit', argument: 'auditd' },
    deletedExecutable: { pid: of('deleted-executable').pid, path: `${HIDDEN}/kworker` },
    kernelThread: {
      pid: of('kernel-thread').pid,
      name: 'kworker/0:1',
      argument: '[kworker/0:1]',
      executable: `${HIDDEN}/a`,
    },
    deletedFiles: Object.entries(DELETED).map(([path, text]) => ({ pid: of(path).pid, fd: of(path).fd, path, text })),
    changes: attack.changes,
    credentials: {
      memory: attack.read.flatMap(({ name, texts }) => {
        const { pid, address } = of(name);
        return texts.map(({ offset, ...text }) => ({ ...text, pid, address: hex(BigInt(address) + BigInt(offset)) }));
      }),
      environment: attack.environment.map((text) => ({ ...text, pid: of('aws').pid })),
      files: attack.files,
    },
    injected: [
      code('writable-code', READ | WRITE | EXECUTE),
      code('running-code', READ | EXECUTE),
      code('hook-code', READ | EXECUTE),
    ],
    patched: [
      patch('hooked-library', Buffer.from(of('hooked-library-path').bytes, 'hex').toString()),
      patch('patched-program', AGENT),
    ],
    preload: { pid: of('preload').pid, library: PRELOADED, executable: '/usr/bin/worker' },
    listener: { pid: of('bind-shell').pid, fd: of('bind-shell').fd, port: BACKDOOR_PORT },
    sniffer: { pid: of('packet-socket').pid, packetFd: of('packet-socket').fd, rawFd: of('raw-socket').fd },
    miner: {
      ...{ pid: of('miner').pid, address: of('miner').address, executable: MINER },
      arguments: [MINER, '-o', POOL, '-u', 'shopwallet.1', '--cpu-priority', '0'],
      text: `"url": "${POOL}"`,
    },
    obfuscated: { pid: of('obfuscated').pid, command: `echo ${hidden} | base64 -d | sh`, script: HIDDEN_SCRIPT },
    leftOut: [{ thing: 'ptrace', why: 'CRIU seizes processes by ptrace itself: a dump of one that is traced fails' }],
  };
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}
