/**
 * Starting a container under conmon, which keeps its output, its exit code and its terminal while the node may die.
 * Follows conmon's sync pipe: one byte on the start pipe lets it go on, one JSON line on the sync pipe tells the pid.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { messageOf } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { Bundle, ExecFiles, RestoreRequest } from './oci-runtime.ts';
import { saidLines } from './said.ts';

export interface ConmonOptions {
  conmon: string;
  ociRuntime: string;
  ociRuntimeRoot: string;
  exitsFolder: string;
  attachFolder: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until a create or restore counts as stuck. */
  timeout: number;
}

/** Most bytes of conmon's answer and of its own error output that are kept. */
const KEPT = 64 << 10;

/** Runs conmon once and returns the container's pid. Throws ERR_PROCESS_FAILED with what the OCI runtime said. */
export async function startUnderConmon(
  bundle: Bundle,
  options: ConmonOptions,
  restore?: RestoreRequest,
): Promise<number> {
  const [program = '', ...args] = commandFor(bundle, options, restore);
  const child = spawn(program, args, {
    env: { ...options.env, _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: bundle.folder,
  });
  // A failed spawn destroys the pipes too; its own error event is the one that says why.
  const failed = once(child, 'error').then(([error]) => {
    throw runtimeError('ERR_PROCESS_MISSING', `conmon cannot be started: ${messageOf(error)}`, { cause: error });
  });
  const sync = child.stdio[3] as Readable;
  const start = child.stdio[4] as Duplex;
  const stderr = tailOf(child.stderr);
  start.on('error', () => undefined);
  start.write('\0');
  start.end();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(runtimeError('ERR_PROCESS_TIMEOUT', `conmon gave no answer in ${options.timeout} ms`)),
      options.timeout,
    );
  });
  try {
    const line = await Promise.race([firstLine(sync), failed, late]);
    return pidOf(line, stderr);
  } finally {
    clearTimeout(timer);
    sync.destroy();
    child.stderr?.destroy();
    child.unref();
  }
}

/**
 * conmon reaps the process, so that a child which that leaves behind with its streams open holds up nobody; the OCI
 * runtime on its own would wait for those streams.
 */
export function execUnderConmon(files: ExecFiles, options: ConmonOptions): string[] {
  const { containerID, folder, processFile, pidFile } = files;
  return [
    ...[options.conmon, '--exec', '--sync', '--exec-process-spec', processFile, '--container-pidfile', pidFile],
    ...['--bundle', folder, '--cid', containerID, '--cuuid', basename(folder), '--name', basename(folder)],
    ...['--runtime', options.ociRuntime, '--runtime-arg', `--root=${options.ociRuntimeRoot}`],
    ...['--socket-dir-path', folder, '--log-path', 'passthrough', '--log-level', 'error'],
  ];
}

/** The OCI runtime itself carries a terminal over to the one it was started on, and its size. */
export function execOnTerminal({ containerID, processFile, pidFile }: ExecFiles, options: ConmonOptions): string[] {
  const root = ['--root', options.ociRuntimeRoot];
  return [options.ociRuntime, ...root, 'exec', '--process', processFile, '--pid-file', pidFile, containerID];
}

function commandFor(bundle: Bundle, options: ConmonOptions, restore: RestoreRequest | undefined): string[] {
  const argv = [options.conmon, ...argumentsFor(bundle, options, restore)];
  return restore?.network === undefined ? argv : ['nsenter', `--net=${restore.network}`, '--', ...argv];
}

function argumentsFor(bundle: Bundle, options: ConmonOptions, restore: RestoreRequest | undefined): string[] {
  const { containerID: id, folder } = bundle;
  return [
    ['--bundle', folder, '--cid', id, '--cuuid', id, '--name', id],
    ['--runtime', options.ociRuntime, '--runtime-arg', `--root=${options.ociRuntimeRoot}`],
    // The exit file of a persist folder is called just `exit`: each container needs a folder of its own.
    ['--exit-dir', options.exitsFolder, '--persist-dir', folder],
    ['--log-path', `k8s-file:${bundle.logPath}`, '--log-level', 'error'],
    ['--conmon-pidfile', join(folder, 'conmon.pid'), '--container-pidfile', join(folder, 'container.pid')],
    ['--socket-dir-path', options.attachFolder],
    bundle.terminal ? ['--terminal'] : [],
    bundle.stdin ? ['--stdin'] : [],
    bundle.stdin && !bundle.stdinOnce ? ['--leave-stdin-open'] : [],
    restore ? ['--restore', restore.imagePath, ...restore.options.flatMap((option) => ['--runtime-opt', option])] : [],
  ].flat();
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n') || text.length > KEPT) break;
  }
  return text;
}

function tailOf(stream: Readable | null): () => string {
  let text = '';
  stream?.on('data', (chunk) => {
    text = (text + String(chunk)).slice(-KEPT);
  });
  stream?.on('error', () => undefined);
  return () => text;
}

function pidOf(line: string, stderr: () => string): number {
  let answer: { pid?: unknown; message?: unknown };
  try {
    answer = JSON.parse(line) as typeof answer;
  } catch (cause) {
    const said = stderr().trim() || line.trim() || 'nothing';
    throw runtimeError('ERR_PROCESS_FAILED', `conmon gave no pid; it said: ${said}`, { cause });
  }
  if (typeof answer.pid === 'number' && answer.pid > 0) return answer.pid;
  const message = typeof answer.message === 'string' && answer.message !== '' ? answer.message : stderr();
  throw runtimeError('ERR_PROCESS_FAILED', saidLines(message).join('; ') || 'the OCI runtime failed without a word', {
    details: { pid: answer.pid },
  });
}
