/** At start: what is left of pods that were never finished, and pods whose namespaces did not outlive the host. */
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeContext } from '../context.ts';
import type { SandboxRecord } from '../store/records.ts';
import { removeNamespaces } from './namespaces.ts';
import { holderOf } from './pid-holder.ts';
import { removePodFolder } from './pod-mounts.ts';

export async function sweepSandboxes(
  context: NodeContext,
  attempt: (what: string, work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  for (const record of context.sandboxes.list()) {
    if (!record.ready || (await namespacesLive(record))) continue;
    await attempt(`end sandbox ${record.id}`, async () => {
      await context.sandboxes.put({ ...record, ready: false });
    });
  }
  await attempt('logs of pods', () => sweepPodLogs(context));
  const [networks, folders] = [await context.networks.attached(), context.folders];
  const found = [...networks, ...(await names(folders.namespaces)), ...(await names(folders.sandboxes))];
  for (const id of new Set(found)) {
    // A stopped pod has nothing of these any more; a stop that was cut short is ended here.
    if (context.sandboxes.get(id)?.ready) continue;
    await attempt(`remove what is left of sandbox ${id}`, async () => {
      await context.networks.detach(id);
      await removeNamespaces(join(folders.namespaces, id));
      await removePodFolder(context, id);
    });
  }
}

/** Logs go with their pod; those of one that has no record are of a start that was never finished. */
async function sweepPodLogs(context: NodeContext): Promise<void> {
  for (const id of await names(context.folders.logs)) {
    if (/^[0-9a-f]{64}$/.test(id) && !context.sandboxes.get(id)) {
      await rm(join(context.folders.logs, id), { recursive: true, force: true });
    }
  }
}

/** After a reboot the records are there and the mounts are not. */
async function namespacesLive({ namespaces }: SandboxRecord): Promise<boolean> {
  for (const path of Object.values(namespaces)) {
    const [kept, folder] = await Promise.all([path, dirname(path)].map((each) => stat(each).catch(() => undefined)));
    // A namespace is a file of a filesystem of its own.
    if (!kept || kept.dev === folder?.dev) return false;
  }
  return namespaces.pid === undefined || (await holderOf(namespaces.pid)) !== undefined;
}

const names = (folder: string) => readdir(folder).catch(() => []);
