/** crictl as a person calls it, against the node of a lab. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '@stillframe/demo/stage';
import type { Lab } from '../lab/lab.ts';

const COUNT = 'i=0; trap "exit 0" TERM; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done';

export class Crictl {
  readonly lab: Lab;
  /** Ids that steps leave for the later ones. */
  readonly ids = { pod: '', container: '', copyPod: '', copy: '' };
  readonly #program: string;
  readonly #files: string;

  private constructor(program: string, lab: Lab, files: string) {
    this.#program = program;
    this.lab = lab;
    this.#files = files;
  }

  static async open(program: string, lab: Lab): Promise<Crictl> {
    const files = join(lab.folder, 'crictl');
    await mkdir(files);
    return new Crictl(program, lab, files);
  }

  path(name: string): string {
    return join(this.#files, name);
  }

  argv(...words: string[]): string[] {
    const socket = `unix://${join(this.lab.folder, 'state/cri.sock')}`;
    return [this.#program, '--runtime-endpoint', socket, '--image-endpoint', socket, '--timeout', '30s', ...words];
  }

  /** What it says on stdout, without the last newline. Throws where it fails. */
  async say(...words: string[]): Promise<string> {
    const { stdout } = await execute(this.argv(...words));
    return stdout.trimEnd();
  }

  async json<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.say(...words)) as T;
  }

  /** Runs it on a terminal of script(1), types `input` into it, and gives all that appeared. */
  async onTerminal(input: string, ...words: string[]): Promise<string> {
    const line = this.argv(...words)
      .map((word) => `'${word}'`)
      .join(' ');
    return await this.#withInput(['script', '-qec', line, '/dev/null'], input, 20_000);
  }

  /** Runs it with `input` on stdin until `until` has appeared on its stdout. */
  async piped(input: string, until: RegExp, ...words: string[]): Promise<string> {
    return await this.#withInput(this.argv(...words), input, 20_000, until);
  }

  /** Starts it in the background; the caller ends it by SIGKILL, since some verbs heed nothing else. */
  start(...words: string[]): ChildProcess & { text: () => string } {
    const [program = '', ...args] = this.argv(...words);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    return Object.assign(child, { text: () => text });
  }

  async podFile(name: string): Promise<string> {
    const pod = {
      metadata: { name, namespace: 'default', uid: `${name}-uid`, attempt: 0 },
      log_directory: this.path(`logs-${name}`),
      hostname: name,
      labels: { app: name },
      linux: { security_context: { namespace_options: { network: 0, pid: 1, ipc: 0 } } },
    };
    return await this.#write(`${name}.pod.json`, pod);
  }

  /** A container that counts; `image` may be an archive, which then says what runs. */
  async containerFile(name: string, image: string, restored = false): Promise<string> {
    const container = {
      metadata: { name, attempt: 0 },
      image: { image },
      log_path: `${name}.log`,
      stdin: true,
      ...(restored ? {} : { command: ['sh', '-c', COUNT] }),
      linux: { security_context: { namespace_options: { network: 0, pid: 1, ipc: 0 } } },
    };
    return await this.#write(`${name}.container.json`, container);
  }

  async #write(name: string, content: unknown): Promise<string> {
    await writeFile(this.path(name), JSON.stringify(content));
    return this.path(name);
  }

  async #withInput(argv: readonly string[], input: string, limit: number, until?: RegExp): Promise<string> {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
      });
    }
    child.stdin.on('error', () => undefined);
    child.stdin.write(input);
    try {
      for (const deadline = Date.now() + limit; ; await delay(50)) {
        if (until?.test(text) || child.exitCode !== null) return text;
        if (Date.now() > deadline) throw new Error(`no end of ${argv.join(' ')}; so far: ${text}`);
      }
    } finally {
      child.kill('SIGKILL');
    }
  }
}
