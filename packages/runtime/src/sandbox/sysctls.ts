/** Kernel settings of a pod: those that belong to its own namespaces and so cannot reach the host (sysctl(8)). */
import { runtimeError } from '../errors.ts';

const IPC = new Set([
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem'],
  ...['kernel.shmall', 'kernel.shmmax', 'kernel.shmmni', 'kernel.shm_rmid_forced'],
]);

/**
 * The file below /proc/sys and the value of each setting. Throws ERR_SANDBOX_INVALID for one that is not of a namespace
 * which the pod has of its own.
 */
export function sysctlFiles(
  sysctls: Readonly<Record<string, string>>,
  own: readonly string[],
): { file: string; value: string }[] {
  return Object.entries(sysctls).map(([written, value]) => {
    // sysctl(8) lets both separators stand; the first of the two that is met is the separator.
    const name = /^[^.]*\//.test(written) ? written.replaceAll(/[./]/g, (c) => (c === '.' ? '/' : '.')) : written;
    if (!/^[\w-]+(?:\.[\w/-]+)+$/.test(name)) throw invalid(written, 'it is no name of a setting');
    const kind = name.startsWith('net.') ? 'net' : IPC.has(name) || name.startsWith('fs.mqueue.') ? 'ipc' : undefined;
    if (kind === undefined) throw invalid(written, 'it belongs to the whole host, not to a pod');
    if (!own.includes(kind)) throw invalid(written, `the pod shares the host's ${kind} namespace`);
    if (/[\0\n]/.test(value)) throw invalid(written, 'its value is not one line');
    const file = name.replaceAll(/[./]/g, (c) => (c === '.' ? '/' : '.'));
    if (file.split('/').some((part) => /^\.*$/.test(part))) throw invalid(written, 'it is no name of a setting');
    return { file, value };
  });
}

function invalid(name: string, why: string) {
  return runtimeError('ERR_SANDBOX_INVALID', `sysctl ${JSON.stringify(name)}: ${why}`);
}
