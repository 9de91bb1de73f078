/** ExecSync: a command in a running container, run to its end, with what it wrote. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { drainedOutput } from './drain.ts';
import { HeadBuffer } from './head-buffer.ts';
import { killExec } from './kill.ts';
import { openPipes } from './pipes.ts';
import { type ExecFolder, openExecFolder } from './process-file.ts';
import { notStarted, whenThawed } from './start.ts';

/** Bytes kept of each output stream, its first ones (CRI). */
const EXEC_OUTPUT_LIMIT = 16 << 20;

export interface ExecSyncOptions {
  /** Milliseconds until the command is killed; none by default. */
  readonly timeout?: number | undefined;
  /** Kills the command and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExecSyncResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Runs `command`. Any exit code is a result. A child that it leaves behind with its output open delays nothing.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE, ERR_EXEC_FAILED (the command could not be started),
 * ERR_EXEC_TIMEOUT (everything the command started in its session is killed then), or the reason of `signal`.
 */
export async function execSync(
  context: NodeContext,
  idOrPrefix: string,
  command: readonly string[],
  options: ExecSyncOptions = {},
): Promise<ExecSyncResult> {
  const late = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  const stops = [late, options.signal].filter((signal) => signal !== undefined);
  const stop = AbortSignal.any(stops);
  return whenThawed(stop, async () => {
    options.signal?.throwIfAborted();
    await using folder = await openExecFolder(context, idOrPrefix, command, false);
    const result = await runOnce(context, folder, stop);
    options.signal?.throwIfAborted();
    if (stop.aborted) {
      throw runtimeError('ERR_EXEC_TIMEOUT', `the command did not end within ${options.timeout} ms and was killed`);
    }
    return result;
  });
}

async function runOnce(context: NodeContext, folder: ExecFolder, stop: AbortSignal): Promise<ExecSyncResult> {
  const [out, err] = await openPipes(['out', 'out']);
  if (!out || !err) throw new TypeError('two pipes were asked for');
  const { argv, env } = context.oci.execCommand(folder);
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env, stdio: ['ignore', out.far, err.far], detached: true });
  out.closeFar();
  err.closeFar();
  const outputs = [drainedOutput(out.near), drainedOutput(err.near)];
  const [stdout, stderr] = outputs.map(({ stream }) => new HeadBuffer(stream, EXEC_OUTPUT_LIMIT));
  const abort = () => {
    killExec(folder.pidFile, folder.containerID)
      // What could not be killed inside still must not hold up whoever waits here.
      .catch(() => undefined)
      .then(() => child.kill('SIGKILL'));
  };
  stop.addEventListener('abort', abort, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exit, signal) => resolve(exit ?? 128 + (signal ? constants.signals[signal] : 0)));
      if (stop.aborted) abort();
    });
    await Promise.all(outputs.map((output) => output.childEnded()));
    await Promise.all([stdout?.ended, stderr?.ended]);
    const result = {
      exitCode: code,
      stdout: stdout?.bytes() ?? new Uint8Array(),
      stderr: stderr?.bytes() ?? new Uint8Array(),
    };
    const failure = stop.aborted
      ? undefined
      : await notStarted(folder, code, Buffer.from(result.stderr).toString('utf8'));
    if (failure) throw failure;
    return result;
  } finally {
    stop.removeEventListener('abort', abort);
    for (const { near } of [out, err]) near.destroy();
  }
}
