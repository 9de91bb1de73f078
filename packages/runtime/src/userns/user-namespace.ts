/**
 * A pod's user namespace, and the others that belong to it: only who is root there may set up what is in them. They are
 * made in one call, mapped from outside, and kept as bind mounts without a process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { runtimeError } from '../errors.ts';
import { demand } from '../process/run.ts';
import type { UserMapping } from '../store/records.ts';
import { mapLine } from './mapping.ts';

/** Milliseconds until a namespace that does not come counts as failed. */
const TIMEOUT = 10_000;

/**
 * Makes a user namespace with `mapping` and one of each of `kinds` that it owns, kept at the files that `paths` names,
 * which exist. Throws ERR_PROCESS_FAILED, ERR_PROCESS_MISSING.
 */
export async function makeMappedNamespaces(
  paths: { user: string } & Partial<Record<'net' | 'ipc' | 'uts', string>>,
  mapping: UserMapping,
): Promise<void> {
  const kinds = (['net', 'ipc', 'uts'] as const).filter((kind) => paths[kind] !== undefined);
  // It ends when its input does, so that nothing is left of a daemon that is killed here.
  const argv = ['--user', ...kinds.map((kind) => `--${kind}`), 'sh', '-c', 'echo ready; read -r _'];
  const child = spawn('unshare', argv, { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], timeout: TIMEOUT });
  const ended = once(child, 'close').catch((cause) => {
    throw runtimeError('ERR_PROCESS_FAILED', 'unshare did not start', { cause });
  });
  child.stdin.on('error', () => undefined);
  try {
    const ready = once(child.stdout, 'data').then(() => true);
    if ((await Promise.race([ready, ended])) !== true) {
      throw runtimeError('ERR_PROCESS_FAILED', 'the kernel makes no user namespace');
    }
    await writeFile(`/proc/${child.pid}/uid_map`, mapLine(mapping.uids));
    await writeFile(`/proc/${child.pid}/gid_map`, mapLine(mapping.gids));
    for (const [kind, path] of Object.entries(paths)) {
      await demand(['mount', '--bind', `/proc/${child.pid}/ns/${kind}`, path], { timeout: 30_000 });
    }
  } finally {
    child.stdin.end();
    await ended;
  }
}
