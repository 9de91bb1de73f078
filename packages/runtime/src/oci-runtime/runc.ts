/** runc as an OciRuntime. crun takes the same arguments where this file uses them. */

import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { type RunResult, run } from '../process/run.ts';
import { type ConmonOptions, execOnTerminal, execUnderConmon, startUnderConmon } from './conmon.ts';
import { interestingLines, remedyFor } from './criu-log.ts';
import type { Bundle, DumpRequest, OciRuntime, OciState, RestoreRequest } from './oci-runtime.ts';
import { saidLines } from './said.ts';

export interface RuncOptions {
  conmon: string;
  /** The runc or crun to run. */
  binary: string;
  /** Its `--root`. */
  root: string;
  exitsFolder: string;
  attachFolder: string;
  /** Folder put first in PATH, where runc finds its `criu`. */
  criuFolder: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

const GONE = /does not exist|not exist|no such process|process already finished|not running/i;

/** Asks the binary its version and returns the port to it. Throws ERR_PROCESS_MISSING where it is not there. */
export async function openRunc(options: RuncOptions): Promise<OciRuntime> {
  const path = options.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  const env = { ...options.env, PATH: options.criuFolder ? `${options.criuFolder}:${path}` : path };
  const conmon: ConmonOptions = {
    conmon: options.conmon,
    ociRuntime: options.binary,
    ociRuntimeRoot: options.root,
    exitsFolder: options.exitsFolder,
    attachFolder: options.attachFolder,
    env,
    timeout: 240_000,
  };
  const attempt = (args: string[], timeout = 60_000) =>
    run([options.binary, '--root', options.root, ...args], { env, timeout });
  const demand = async (args: string[], timeout?: number) => {
    const result = await attempt(args, timeout);
    if (result.code !== 0) throw failed(args[0] ?? '', result);
    return result;
  };
  const first = await run([options.binary, '--version'], { env, timeout: 10_000 });
  if (first.code !== 0) throw failure(options.binary, '--version', first);
  const [, name = 'runc', version = 'unknown'] = /^(\w+) version (\S+)/.exec(first.stdout) ?? [];
  const failed = (verb: string, result: RunResult) => failure(name, verb, result);

  return {
    name,
    version,
    holds: (id) => existsSync(join(options.root, id)),
    create: (bundle) => startUnderConmon(bundle, conmon),
    restore: (bundle, request) => restoreUnder(name, bundle, conmon, request),
    start: async (id) => void (await demand(['start', id])),
    async state(id) {
      const result = await attempt(['state', id]);
      return result.code === 0 ? (JSON.parse(result.stdout) as OciState) : undefined;
    },
    async kill(id, signal) {
      const result = await attempt(['kill', id, signal]);
      if (result.code !== 0 && !GONE.test(result.stderr)) throw failed('kill', result);
    },
    async killAll(id) {
      const result = await attempt(['kill', '--all', id, 'KILL']);
      if (result.code !== 0 && !GONE.test(result.stderr)) throw failed('kill', result);
    },
    async update(id, resources) {
      const args = [options.binary, '--root', options.root, 'update', '--resources', '-', id];
      // What Node.js gives as standard input is a socket, which crun cannot open by name; a pipe it can.
      const piped = ['sh', '-c', 'cat | exec "$@"', 'sh', ...args];
      const result = await run(piped, { env, timeout: 60_000, input: JSON.stringify(resources) });
      if (result.code !== 0) throw failed('update', result);
    },
    async delete(id) {
      const result = await attempt(['delete', '--force', id]);
      if (result.code !== 0 && !GONE.test(result.stderr)) throw failed('delete', result);
    },
    execCommand: (files) => ({
      argv: files.terminal ? execOnTerminal(files, conmon) : execUnderConmon(files, conmon),
      env,
    }),
    pause: (id) => pause(attempt, id, failed),
    resume: async (id) => void (await demand(['resume', id])),
    checkpoint: (id, request) => dump(name, id, request, (args) => attempt(args, 24 * 3600_000)),
  };
}

/** How often runc is asked to freeze what it did not get hold of, and the milliseconds between. */
const FREEZES = 20;
const THAW = 100;
/** Where cgroups are of version 1, runc gives up after a thousand looks, which on a busy machine is a few milliseconds; it thaws then. */
const NOT_FROZEN = /unable to freeze/i;

async function pause(
  attempt: (args: string[]) => Promise<RunResult>,
  id: string,
  failed: (verb: string, result: RunResult) => Error,
): Promise<void> {
  for (let left = FREEZES; ; left -= 1) {
    const result = await attempt(['pause', id]);
    if (result.code === 0) return;
    if (left <= 1 || !NOT_FROZEN.test(result.stderr)) throw failed('pause', result);
    await delay(THAW);
  }
}

async function dump(
  name: string,
  id: string,
  request: DumpRequest,
  attempt: (args: string[]) => Promise<RunResult>,
): Promise<void> {
  const args = ['checkpoint', '--image-path', request.imagePath, '--work-path', request.workPath];
  if (request.leaveRunning) args.push('--leave-running');
  request.signal?.throwIfAborted();
  const dumping = attempt([...args, ...request.options, id]);
  await takeGround(request, dumping);
  const result = await dumping;
  request.signal?.throwIfAborted();
  if (result.code === 0) return;
  const log = await readFile(join(request.workPath, 'dump.log'), 'utf8').catch(() => '');
  throw criuFailure('ERR_CHECKPOINT_DUMP', `CRIU, run by ${name}, could not dump the container`, log, result.stderr);
}

/** Milliseconds between two looks whether a dump that was given up has made its folder anew. */
const AGAIN = 50;

/** Settles when `dumping` has; once the signal aborts, takes away the folder that it writes into. */
async function takeGround({ signal, imagePath }: DumpRequest, dumping: Promise<unknown>): Promise<void> {
  const ended = dumping.then(
    () => true,
    () => true,
  );
  if (!signal) return void (await ended);
  if (await orAborted(ended, signal).catch(() => false)) return;
  // The runtime makes a folder that is missing, and CRIU may add a file to one that is being emptied.
  for (let over = false; !over; over = await Promise.race([ended, delay(AGAIN, false)])) {
    await rm(imagePath, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function restoreUnder(
  name: string,
  bundle: Bundle,
  conmon: ConmonOptions,
  request: RestoreRequest,
): Promise<number> {
  try {
    return await startUnderConmon(bundle, conmon, request);
  } catch (cause) {
    const log = await restoreLog([bundle.folder, request.imagePath]);
    const said = cause instanceof Error ? cause.message : '';
    throw criuFailure('ERR_RESTORE_FAILED', `CRIU, run by ${name}, could not restore the container`, log, said, cause);
  }
}

/** runc lets CRIU write it into the bundle, crun beside the images. */
async function restoreLog(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const log = await readFile(join(folder, 'restore.log'), 'utf8').catch(() => undefined);
    if (log !== undefined) return log;
  }
  return '';
}

/** An error that carries CRIU's telling lines, in their order, or the OCI runtime's words where CRIU wrote none. */
function criuFailure(
  code: 'ERR_CHECKPOINT_DUMP' | 'ERR_RESTORE_FAILED',
  what: string,
  log: string,
  stderr: string,
  cause?: unknown,
) {
  const lines = interestingLines(log);
  const reason = lines.length > 0 ? lines.join('; ') : saidLines(stderr).slice(-3).join('; ');
  const hint = remedyFor(`${log}\n${stderr}`);
  return runtimeError(code, `${what}: ${reason}`, { details: { criu: lines }, cause, ...(hint ? { hint } : {}) });
}

function failure(program: string, verb: string, result: RunResult) {
  const said = saidLines(result.stderr).at(-1) ?? '';
  return runtimeError('ERR_PROCESS_FAILED', `${program} ${verb} failed with code ${result.code}: ${said}`, {
    details: { stderr: result.stderr },
  });
}
