/** Checkpoints that a schedule or a policy makes. They have no owner, so that what was captured outlives who wanted it. */
import { createHash } from 'node:crypto';
import { orAbsent } from '@stillframe/core';
import type { Ports } from '../ports.ts';
import { bounded } from '../resources/conditions.ts';
import { API_VERSION, GROUP, listPath } from '../resources/names.ts';
import { decodeCheckpoint } from '../resources/object.ts';

export interface Wanted {
  readonly kubeNamespace: string;
  readonly name: string;
  /** Without the group before their names. */
  readonly labels: Readonly<Record<string, string>>;
  readonly podName: string;
  readonly podUID: string | undefined;
  readonly container: string | undefined;
  readonly reason: string;
  /** Of the document that wants it, as it was read: the API server judges it again. */
  readonly template: Template;
}

/** What schedules and policies say of all that they make. */
interface Template {
  readonly timeoutSeconds?: number | undefined;
  readonly destination?: object | undefined;
  readonly retention?: { readonly ttl?: number | undefined; readonly keep?: number | undefined } | undefined;
  readonly quarantine?: object | undefined;
}

/** Whether it was made; one of that name that is there already is the same one. Throws what the API server says. */
export async function makeCheckpoint(
  { api, checkpoints }: Ports,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<boolean> {
  const { kubeNamespace, name, labels, template, podName, podUID, container, reason } = wanted;
  const { timeoutSeconds, destination, quarantine, retention } = template;
  const document = {
    ...{ apiVersion: API_VERSION, kind: 'Checkpoint' },
    metadata: {
      ...{ name, namespace: kubeNamespace },
      labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${GROUP}/${key}`, labelValue(value)])),
    },
    spec: {
      ...{ podName, podUID, container, timeoutSeconds, destination, quarantine },
      reason: bounded(reason).slice(0, 1024),
      retention: retention && { keep: retention.keep, ttl: retention.ttl && durationText(retention.ttl) },
    },
  };
  const making = api.create(listPath('checkpoints', kubeNamespace), document, { signal });
  const answer = await orAbsent(making, 'ERR_CLUSTER_EXISTS');
  if (answer === undefined) return false;
  const made = decodeCheckpoint(answer);
  // So that the next cause sees it, before the watch tells of it.
  if (!checkpoints.get(made.key)) checkpoints.put(made.key, made);
  return true;
}

/** As a label can have it: what is too long or of other characters by its digest. */
export function labelValue(text: string): string {
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text) ? text : shortDigest(text, 40);
}

export function shortDigest(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** Of whole seconds, as all are that were read. */
function durationText(milliseconds: number): string {
  const [unit, length] = (
    [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
    ] as const
  ).find(([, each]) => milliseconds % each === 0) ?? ['s', 1000];
  return `${milliseconds / length}${unit}`;
}
