/**
 * The one way in which the runtime runs another program to its end: an argument vector (never a shell), bounded output,
 * a time-out, and the whole process group killed when the caller gives up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { systemCode } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { TailBuffer } from './tail-buffer.ts';

export interface RunOptions {
  /** The whole environment of the child; this process's own where it is left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Kills the child's process group and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the child's process group is killed and ERR_PROCESS_TIMEOUT is thrown; none by default. */
  readonly timeout?: number | undefined;
  /** Bytes for the child's stdin, which is /dev/null otherwise. */
  readonly input?: string | Uint8Array;
  /** Bytes kept of each stream, its last ones; 1 MiB by default. */
  readonly maxOutput?: number;
}

/** How a program ended. `code` is null where `signal` ended it. Streams are UTF-8, cut at the front to `maxOutput`. */
export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that streams held open by a grandchild may delay the result after the child itself has ended. */
const STREAM_GRACE = 250;
const DEFAULT_OUTPUT = 1 << 20;

/**
 * Runs `argv[0]` with the rest as arguments. A failing exit code is a result, not an error.
 * Throws ERR_PROCESS_MISSING (no such program or not executable), ERR_PROCESS_TIMEOUT, or the reason of `signal`.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw runtimeError('ERR_PROCESS_MISSING', 'no program given');
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    // A group of its own, so that giving up reaches what the program itself has started.
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const limit = options.maxOutput ?? DEFAULT_OUTPUT;
  const stdout = collect(child.stdout, limit);
  const stderr = collect(child.stderr, limit);
  if (child.stdin) {
    // A child that ends without reading its input breaks the pipe; its exit code tells the story.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  }
  const { code, signal } = await ended(child, program, options);
  return { code, signal, stdout: stdout.text(), stderr: stderr.text() };
}

/**
 * Like run, and throws ERR_PROCESS_FAILED where the program ends with anything but 0: the message names the program
 * and carries the last lines of its stderr, `details` the whole of what was kept.
 */
export async function demand(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(argv, options);
  if (result.code === 0) return result;
  throw failure(argv, result);
}

/** The ERR_PROCESS_FAILED for a program that ended as `result` says. */
export function failure(argv: readonly string[], result: RunResult): Error {
  const how = result.signal === null ? `ended with code ${result.code}` : `was killed by ${result.signal}`;
  const said = lastLines(result.stderr || result.stdout, 4);
  return runtimeError('ERR_PROCESS_FAILED', `${argv[0]} ${how}${said ? `: ${said}` : ''}`, {
    details: { argv: [...argv], code: result.code, signal: result.signal, stderr: result.stderr },
  });
}

function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join('; ');
}

function collect(stream: NodeJS.ReadableStream | null, limit: number): TailBuffer {
  const tail = new TailBuffer(limit);
  stream?.on('data', (chunk: Uint8Array) => tail.push(chunk));
  return tail;
}

/** Waits for the end of `child`; on abort or time-out kills its group first and settles only when it is gone. */
function ended(
  child: ChildProcess,
  program: string,
  options: RunOptions,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let givenUp: (() => unknown) | undefined;
    let grace: NodeJS.Timeout | undefined;
    const giveUp = (reason: () => unknown) => {
      if (givenUp || child.exitCode !== null || child.signalCode !== null) return;
      givenUp = reason;
      killGroup(child);
    };
    const abort = () => giveUp(() => options.signal?.reason);
    const late = () =>
      runtimeError('ERR_PROCESS_TIMEOUT', `${program} did not end within ${options.timeout} ms`, {
        details: { program, timeout: options.timeout },
      });
    const timer = options.timeout === undefined ? undefined : setTimeout(() => giveUp(late), options.timeout);
    options.signal?.addEventListener('abort', abort, { once: true });
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', abort);
      finish();
    };
    const close = () =>
      settle(() => (givenUp ? reject(givenUp()) : resolve({ code: child.exitCode, signal: child.signalCode })));
    child.once('error', (cause) => settle(() => reject(notStarted(program, cause, options.cwd))));
    child.once('close', close);
    child.once('exit', () => {
      grace = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        close();
      }, STREAM_GRACE);
    });
  });
}

function notStarted(program: string, cause: Error, cwd: string | undefined): unknown {
  const code = systemCode(cause);
  if (code !== 'ENOENT' && code !== 'EACCES') return cause;
  // The system reports a missing working folder as if the program were missing.
  if (cwd !== undefined && !existsSync(cwd)) {
    return runtimeError('ERR_PROCESS_FAILED', `${program} cannot be run in ${cwd}: no such folder`, { cause });
  }
  const why = code === 'ENOENT' ? 'is not installed' : 'cannot be executed';
  return runtimeError('ERR_PROCESS_MISSING', `${program} ${why}`, { cause, details: { program } });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already, or a member of it is not ours to kill: then at least the child itself.
    child.kill('SIGKILL');
  }
}
