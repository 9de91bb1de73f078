/** The real command line, run as a user would run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../cli/bin/stillframe.mjs', import.meta.url));

export interface Ran {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Throws an Error with the program's last words where it fails. */
export async function execute(argv: readonly string[], signal?: AbortSignal): Promise<Ran> {
  const [program = '', ...args] = argv;
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Not spawn's own signal: that gives up at once, and the clean-up would race with what the child still undoes.
  const interrupt = () => child.kill('SIGINT');
  signal?.addEventListener('abort', interrupt, { once: true });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    text.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text.stderr += String(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal?.removeEventListener('abort', interrupt));
  signal?.throwIfAborted();
  if (code !== 0) throw new Error(text.stderr.trim() || text.stdout.trim() || `${program} ended with code ${code}`);
  return text;
}

/** As a process of its own. */
export const stillframeProcess: Runner = (words, signal) => execute([process.execPath, PROGRAM, ...words], signal);

/** Runs the command with these words. Throws as `execute` does. */
type Runner = (words: readonly string[], signal?: AbortSignal) => Promise<Ran>;

export class Stillframe {
  readonly #place: readonly string[];
  readonly #up: readonly string[];
  readonly #run: Runner;

  /** `folder` holds everything of the node that every command speaks to; its name marks the node's cgroups, too. `up`: further words of `node up`. `run`: a process each by default. */
  constructor(folder: string, up: readonly string[] = [], run: Runner = stillframeProcess) {
    this.#run = run;
    this.#place = ['--root', join(folder, 'root'), '--state', join(folder, 'state')];
    this.#up = ['--cgroup-parent', `/${basename(folder)}`, ...up];
  }

  /** Starts the node. Port 0 lets the system choose. */
  up<T>(port: number, signal?: AbortSignal): Promise<T> {
    return this.json<T>(['node', 'up'], ['--port', String(port), ...this.#up], signal);
  }

  /**
   * Starts the node as a child of this process, which takes half of the time; the caller waits until it serves. `env` is
   * the whole of its environment.
   */
  serve(port: number, env: NodeJS.ProcessEnv): ChildProcess {
    const rest = ['--foreground', '--port', String(port), ...this.#up];
    const argv = [PROGRAM, 'node', 'up', ...this.#place, ...rest];
    return spawn(process.execPath, argv, { stdio: 'ignore', env });
  }

  /** A command that speaks to the node. */
  atNode(command: readonly string[], rest: readonly string[] = [], signal?: AbortSignal): Promise<Ran> {
    return this.#run([...command, ...this.#place, ...rest], signal);
  }

  /** A command that speaks to the node, and its JSON. */
  async json<T>(command: readonly string[], rest: readonly string[] = [], signal?: AbortSignal): Promise<T> {
    const { stdout } = await this.atNode([...command, '--output', 'json'], rest, signal);
    return JSON.parse(stdout) as T;
  }

  /** A command that only reads archives or images, and its JSON. */
  async read<T>(command: readonly string[], signal?: AbortSignal): Promise<T> {
    const { stdout } = await this.#run([...command, '--output', 'json'], signal);
    return JSON.parse(stdout) as T;
  }
}
