/**
 * The kernel namespaces of a pod, kept alive as bind mounts without a process (what CRI-O calls a dropped infra
 * container): unshare(1) makes, keeps and configures them in one step.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { demand, run } from '../process/run.ts';
import type { UserMapping } from '../store/records.ts';
import { makeMappedNamespaces } from '../userns/user-namespace.ts';
import { startHolder, stopHolder } from './pid-holder.ts';
import { endResidents } from './residents.ts';

/** File of the namespace at the far end of a sinkhole's link, in the folder of the pod's namespaces. */
export const FAR_NAMESPACE = 'sink';

export type NamespacePaths = Partial<Record<'net' | 'ipc' | 'uts' | 'pid' | 'user', string>>;

/** Settings of the new namespaces, by file below /proc/sys. */
type Settings = readonly { file: string; value: string }[];

/**
 * Makes the namespaces of `kinds` under `folder`. A network namespace has its loopback interface up: a restore of
 * loopback connections reports success without it, and then carries no data. A PID namespace gets a first process.
 * With `mapping` they all belong to a user namespace of their own.
 */
export async function makeNamespaces(
  folder: string,
  ownKinds: readonly Exclude<keyof NamespacePaths, 'user'>[],
  hostname: string,
  { settings = [], mapping }: { settings?: Settings; mapping?: UserMapping | undefined } = {},
): Promise<NamespacePaths> {
  const kinds = mapping ? (['user', ...ownKinds] as const) : ownKinds;
  if (kinds.length === 0) return {};
  await using undo = new UndoStack();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  undo.push('namespaces', () => removeNamespaces(folder));
  const paths: NamespacePaths = {};
  const flags: string[] = [];
  for (const kind of kinds) {
    const path = join(folder, kind);
    await writeFile(path, '', { mode: 0o600 });
    paths[kind] = path;
    if (kind !== 'pid' && kind !== 'user') flags.push(`--${kind}=${path}`);
  }
  const inside: string[] = [];
  if (paths.net) inside.push('ip link set lo up');
  if (paths.uts) inside.push('printf %s "$1" > /proc/sys/kernel/hostname');
  const words = settings.flatMap(({ file, value }) => [file, value]);
  if (words.length > 0) inside.push('shift', 'while [ $# -gt 0 ]; do printf %s "$2" > "/proc/sys/$1"; shift 2; done');
  const { pid, user, ...others } = paths;
  // Their settings are made by root of the host, who may do so in namespaces of others as well.
  if (user !== undefined && mapping) await makeMappedNamespaces({ user, ...others }, mapping);
  if (flags.length > 0) {
    const script = inside.join('\n') || 'true';
    const enter = user === undefined ? 'unshare' : 'nsenter';
    await demand([enter, ...flags, 'sh', '-ec', script, 'sh', hostname, ...words], { timeout: 30_000 });
  }
  if (pid !== undefined) await startHolder(pid, user);
  undo.keep();
  return paths;
}

/** Unmounts and removes what makeNamespaces made; does nothing where it is gone already. */
export async function removeNamespaces(folder: string): Promise<void> {
  await stopHolder(join(folder, 'pid'));
  // A process in a namespace whose file is gone would be found by nobody.
  await endResidents(join(folder, FAR_NAMESPACE));
  for (const kind of [FAR_NAMESPACE, 'net', 'ipc', 'uts', 'pid', 'user']) {
    // A namespace file may have been mounted more than once by an interrupted start.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const result = await run(['umount', join(folder, kind)], { timeout: 30_000 });
      if (result.code !== 0) {
        if (/target is busy/.test(result.stderr)) {
          throw runtimeError('ERR_PROCESS_FAILED', `namespace ${join(folder, kind)} is busy`);
        }
        break;
      }
    }
  }
  await rm(folder, { recursive: true, force: true });
}
