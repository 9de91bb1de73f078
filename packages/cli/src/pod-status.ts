/** How a pod is, in the words of kubectl, from the document that a kubelet's API gives. */
import { at, listAt, textAt } from '@stillframe/core';

export interface PodRow {
  kubeNamespace: string;
  pod: string;
  uid: string;
  /** Containers and sidecars that are ready, and all. */
  ready: number;
  containers: number;
  /** `Running`, `CrashLoopBackOff`, `Init:0/2` and so on; text of the kubelet. */
  status: string;
  restarts: number;
  /** Milliseconds since 1970; undefined where the kubelet does not say. */
  startedAt: number | undefined;
  /** What the kubelet says of a container that waits. */
  message: string;
  /** The manifest that the pod comes from. */
  manifest: string | undefined;
}

/** Reads with care: anybody may have answered. `manifestKey`: annotation with the manifest's path. */
export function podRow(document: unknown, manifestKey: string): PodRow {
  const statuses = listAt(document, 'status', 'containerStatuses');
  const initial = listAt(document, 'status', 'initContainerStatuses');
  const all = [...initial, ...statuses];
  const sidecars = sidecarsOf(document);
  const lasting = [...initial.filter((each) => sidecars.has(textAt(each, 'name'))), ...statuses];
  const time = Date.parse(textAt(document, 'status', 'startTime'));
  const manifest = textAt(document, 'metadata', 'annotations', manifestKey);
  return {
    kubeNamespace: textAt(document, 'metadata', 'namespace'),
    pod: textAt(document, 'metadata', 'name'),
    uid: textAt(document, 'metadata', 'uid'),
    ready: lasting.filter((each) => at(each, 'ready') === true).length,
    containers: listAt(document, 'spec', 'containers').length + sidecars.size,
    status: statusOf(document, initial, statuses),
    restarts: lasting.reduce<number>((sum, each) => sum + numberAt(each, 'restartCount'), 0),
    startedAt: Number.isNaN(time) ? undefined : time,
    message: all.map((each) => textAt(each, 'state', 'waiting', 'message')).find(Boolean) ?? '',
    manifest: manifest === '' ? undefined : manifest,
  };
}

/** Names of the initial containers that go on beside the others, and count as they do. */
function sidecarsOf(document: unknown): Set<string> {
  const initial = listAt(document, 'spec', 'initContainers');
  return new Set(
    initial.filter((each) => textAt(each, 'restartPolicy') === 'Always').map((each) => textAt(each, 'name')),
  );
}

function statusOf(document: unknown, initial: readonly unknown[], statuses: readonly unknown[]): string {
  const phase = textAt(document, 'status', 'reason') || textAt(document, 'status', 'phase') || 'Unknown';
  const sidecars = sidecarsOf(document);
  const begun = statuses.some((each) => at(each, 'state', 'running') || at(each, 'state', 'terminated'));
  for (const [index, each] of begun ? [] : initial.entries()) {
    const code = at(each, 'state', 'terminated', 'exitCode');
    const runsBeside = sidecars.has(textAt(each, 'name')) && at(each, 'started') === true;
    if (code === 0 || (at(each, 'state', 'running') && runsBeside)) continue;
    const reason = textAt(each, 'state', 'terminated', 'reason') || textAt(each, 'state', 'waiting', 'reason');
    if (reason && reason !== 'ContainerCreating' && reason !== 'PodInitializing') return `Init:${reason}`;
    return `Init:${index}/${initial.length}`;
  }
  const reasons = statuses.toReversed().flatMap((each) => {
    const waiting = textAt(each, 'state', 'waiting', 'reason');
    if (waiting) return [waiting];
    const ended = at(each, 'state', 'terminated');
    if (!ended) return [];
    const code = numberAt(ended, 'exitCode');
    return [textAt(ended, 'reason') || (at(ended, 'exitCode') === undefined ? 'Exited' : `ExitCode:${code}`)];
  });
  const reason = reasons.at(-1) ?? phase;
  const runs = statuses.some((each) => at(each, 'state', 'running') !== undefined);
  return reason === 'Completed' && runs ? 'Running' : reason;
}

/** `12s`, `5m3s`, `4h`, `3d`: as kubectl tells how old something is. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : 0;
}
