/**
 * The first process of a PID namespace that a pod's containers share. The kernel ends such a namespace with its first
 * process, so that one must outlive every container, and reap what they leave.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { runtimeError } from '../errors.ts';
import { demand, run } from '../process/run.ts';

/** Milliseconds between looks, and until it is given up. */
const LOOK = 10;
const TIMEOUT = 10_000;

/**
 * Starts the holder and keeps its namespace at `file`, an empty file that becomes a mount. It outlives this process.
 * With `user`, the file of a user namespace, it belongs to that.
 * Throws ERR_PROCESS_MISSING where catatonit(1) is not installed, ERR_PROCESS_FAILED.
 */
export async function startHolder(file: string, user?: string): Promise<void> {
  if ((await run(['catatonit', '--version'], { timeout: 10_000 })).code !== 0) {
    throw runtimeError('ERR_PROCESS_FAILED', 'catatonit, which a shared PID namespace needs, does not work');
  }
  // Within a user namespace nothing may be mounted on the host: the namespace is kept from outside.
  const enter = user === undefined ? [] : ['nsenter', `--user=${user}`];
  const kept = user === undefined ? `--pid=${file}` : '--pid';
  const [program = '', ...argv] = [...enter, 'unshare', kept, '--fork', 'catatonit', '-P'];
  const unshare = spawn(program, argv, { cwd: '/', detached: true, stdio: 'ignore' });
  const started = new Promise<void>((resolve, reject) => {
    unshare.once('spawn', resolve);
    unshare.once('error', (cause) => reject(runtimeError('ERR_PROCESS_FAILED', 'unshare did not start', { cause })));
  });
  await started;
  unshare.unref();
  for (const deadline = Date.now() + TIMEOUT; Date.now() < deadline && unshare.exitCode === null; ) {
    if (user !== undefined) await keepChild(unshare.pid ?? 0, file);
    const holder = await holderOf(file);
    const name = holder === undefined ? '' : await readFile(`/proc/${holder}/comm`, 'utf8').catch(() => '');
    if (name.trim() === 'catatonit') {
      // It only waits; the holder is then the system's own child, which init reaps.
      unshare.kill('SIGKILL');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  await stopHolder(file);
  unshare.kill('SIGKILL');
  throw runtimeError('ERR_PROCESS_FAILED', 'the first process of the shared PID namespace did not start');
}

/** Keeps the PID namespace of the child of `pid` at `file`; does nothing while there is none, or once it is kept. */
async function keepChild(pid: number, file: string): Promise<void> {
  const [child = ''] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ');
  if (child === '' || (await holderOf(file)) !== undefined) return;
  await demand(['mount', '--bind', `/proc/${child}/ns/pid`, file], { timeout: 30_000 });
}

/**
 * The pid of the first process in the PID namespace that is kept at `file`, undefined where there is none. Derived from
 * the kernel alone, so that a daemon that was not there at the start finds the same.
 */
export async function holderOf(file: string): Promise<number | undefined> {
  const kept = await stat(file).catch(() => undefined);
  if (!kept) return undefined;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const link = await readlink(`/proc/${name}/ns/pid`).catch(() => '');
    if (link !== `pid:[${kept.ino}]`) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    if (/^NSpid:.*\s1$/m.test(status) && !/^State:\s+[ZX]/m.test(status)) return Number(name);
  }
  return undefined;
}

/** Kills the holder and with it all that is in its namespace; does nothing where it is gone. */
export async function stopHolder(file: string): Promise<void> {
  const pid = await holderOf(file);
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
    return;
  }
  for (const deadline = Date.now() + TIMEOUT; Date.now() < deadline; ) {
    if ((await holderOf(file)) === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  throw runtimeError('ERR_PROCESS_FAILED', `the first process ${pid} of a shared PID namespace does not end`);
}
