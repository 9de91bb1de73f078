/** crit, CRIU's own reader of images, for tests that ask it for hundreds of them. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { findPeer, isExecutable } from './peers.ts';

const FORKS = fileURLToPath(new URL('../programs/crit-forks.py', import.meta.url));

/** How a call ended; `code` is not 0 where crit failed, also after it has printed something. */
export interface CritAnswer {
  code: number;
  stdout: Buffer;
  stderr: Buffer;
}

let forks: Forks | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * What crit does with these arguments, whose paths are absolute, and nothing on stdin; one call after another. The
 * set-up's copy is loaded once and forks for each call, another one is started for each. Tests declare `needs('crit')`.
 */
export function crit(...args: string[]): Promise<CritAnswer> {
  const path = findPeer('crit') ?? '';
  const python = join(dirname(path), 'crit-python');
  const answer = last.then(async () => {
    if (!isExecutable(python)) return await started(path, args);
    forks ??= new Forks(python);
    return await forks.call(args);
  });
  last = answer.catch(() => undefined);
  return answer;
}

async function started(path: string, args: readonly string[]): Promise<CritAnswer> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = [child.stdout, child.stderr].map((stream) => stream.toArray() as Promise<Buffer[]>);
  const [[code], stdout = [], stderr = []] = await Promise.all([once(child, 'close'), ...parts]);
  return { code: code ?? 1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

/** programs/crit-forks.py, which ends with this process. While nothing is asked it keeps nobody waiting. */
class Forks {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #chunks: AsyncIterator<Buffer>;
  #read: Buffer = Buffer.alloc(0);

  constructor(python: string) {
    this.#child = spawn(python, [FORKS], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#chunks = this.#child.stdout[Symbol.asyncIterator]();
    this.#wanted('unref');
  }

  async call(args: readonly string[]): Promise<CritAnswer> {
    this.#wanted('ref');
    this.#child.stdin.write(`${JSON.stringify(args)}\n`);
    while (!this.#read.includes('\n')) await this.#more();
    const head = await this.#take(this.#read.indexOf('\n') + 1);
    const [code = 1, stdout = 0, stderr = 0] = head.toString().trimEnd().split(' ').map(Number);
    const answer = { code, stdout: await this.#take(stdout), stderr: await this.#take(stderr) };
    this.#wanted('unref');
    return answer;
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#read.length < length) await this.#more();
    const taken = this.#read.subarray(0, length);
    this.#read = this.#read.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error(`crit ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
    this.#read = Buffer.concat([this.#read, value]);
  }

  #wanted(how: 'ref' | 'unref'): void {
    this.#child[how]();
    for (const pipe of [this.#child.stdin, this.#child.stdout]) (pipe as Socket)[how]();
  }
}
