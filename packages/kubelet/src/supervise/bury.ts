/** The end of a pod: nothing of it is left on this machine. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PodFolder } from '../volumes/pod-folder.ts';
import { type ActualPod, isReady } from './actual.ts';
import { endPod } from './ending.ts';
import type { Keeping } from './keeping.ts';

/** Ends a pod and takes away all that it has on this machine. `last`: containers that end after the others. */
export async function buryPod(
  keeping: Keeping,
  actual: ActualPod,
  last: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { cri, logger } = keeping;
  const ready = actual.sandboxes.find(isReady);
  const status = ready && (await cri.runtime.podSandboxStatus({ podSandboxId: ready.id }, { signal })).status;
  const ip = status?.network?.ip || keeping.hostIP;
  await endPod(actual, last, { cri, logger, ip, signal });
  await new PodFolder(keeping.owner, actual.uid).remove();
  await rm(logDirectory(keeping.logsFolder, actual), { recursive: true, force: true });
}

/** /var/log/pods/NAMESPACE_NAME_UID, as a kubelet has it. */
export function logDirectory(folder: string, pod: Pick<ActualPod, 'namespace' | 'name' | 'uid'>): string {
  const words = [pod.namespace, pod.name, pod.uid].map((word) => word.replace(/[^A-Za-z0-9.-]/g, '-'));
  return join(folder, words.join('_'));
}
