/**
 * For who collects: finds the Checkpoint that an archive is of, and writes what became of that archive where the controller takes it
 * over. Loads nothing of the controller itself.
 */
import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { at, isObject, type JsonObject, listAt, orAbsent, StillframeError, textAt } from '@stillframe/core';
import type { ClusterApi } from '@stillframe/kubernetes';
import { controllerError } from '../errors.ts';
import { collected as collectedField } from '../resources/checkpoint.ts';
import type { Of } from '../resources/field.ts';
import { listPath, objectPath } from '../resources/names.ts';
import { type Checkpoint, decodeCheckpoint } from '../resources/object.ts';
import { misfitOf } from './collected.ts';

/** `status.collected` of a Checkpoint. */
export type CollectedReport = Of<typeof collectedField>;

/** Throws ConfigFault for what the schema of a Checkpoint does not take. */
export const readReport = (value: unknown): CollectedReport => collectedField.read(value, 'report');

/** Which objects may be meant; where one is known it is read, else they are listed. */
export interface ReportTarget {
  /** Name of the pod, as the archive's name has it. */
  readonly pod: string;
  /** Undefined where the archive's name leaves it open. */
  readonly kubeNamespace: string | undefined;
  /** One that an earlier try had to wait for. */
  readonly known?: ObjectName | undefined;
  readonly signal: AbortSignal;
}

export interface ObjectName {
  readonly kubeNamespace: string;
  readonly name: string;
}

/** `nobody`: no Checkpoint is about this archive. `later`: the one that may be about it waits for its kubelet's answer still. */
export type ReportEnd =
  | { readonly end: 'told'; readonly checkpoints: readonly string[] }
  | { readonly end: 'nobody' }
  | { readonly end: 'later'; readonly known: ObjectName };

/** Objects of one page, and pages that are read at most. */
const PAGE = '200';
const PAGES = 50;

/** Makes it what a registry's Checkpoint is told of the same archive. */
export type Fitting = (report: CollectedReport, wanted: Checkpoint['spec']['destination']) => CollectedReport;

/**
 * Tells all Checkpoints that the archive of the report is of. Throws ERR_CLUSTER_*, and the reason of the signal; ERR_CLUSTER_NOT_FOUND
 * where the cluster does not know the kind, ERR_CONTROLLER_MANY.
 */
export async function reportCollected(
  api: ClusterApi,
  report: CollectedReport,
  target: ReportTarget,
  fitting: Fitting = (same) => same,
): Promise<ReportEnd> {
  const known = target.known ? decided(await one(api, target.known, target), report, target) : undefined;
  // One that was waited for and turned out to be another archive's leaves all others to be asked.
  const sure = known && (known.named.length > 0 || known.waiting) ? known : undefined;
  const { named, waiting, claimed } = sure ?? decided(await listed(api, report, target), report, target);
  if (named.length === 0 && waiting) return { end: 'later', known: waiting };
  const told: string[] = [];
  for (const each of named.length > 0 ? named : claimed) {
    if (await tell(api, each, fitting(report, each.spec.destination), target.signal)) told.push(each.key);
  }
  return told.length > 0 ? { end: 'told', checkpoints: told } : { end: 'nobody' };
}

/** Those that may be meant, by how sure that is: a kubelet's answer is, a claim says no more than when it was asked. */
function decided(documents: readonly JsonObject[], report: CollectedReport, { pod }: ReportTarget) {
  const fits = documents
    .map(decodeCheckpoint)
    .filter(
      ({ fault, deleting, spec, status }) =>
        fault === undefined && !deleting && spec.podName === pod && status.node === report.node,
    )
    .filter((each) => misfitOf(reporting(each, report)) === undefined);
  return {
    named: fits.filter(({ status: { archive } }) => archive && posix.basename(archive.path) === report.archive),
    waiting: fits.find(({ status: { phase } }) => phase === 'Capturing'),
    claimed: claimedBy(fits, report),
  };
}

const reporting = (checkpoint: Checkpoint, collected: CollectedReport): Checkpoint => ({
  ...checkpoint,
  status: { ...checkpoint.status, collected },
});

/** The one whose answer was lost and that was asked for last; none that another archive was reported for, or found for, already. */
function claimedBy(fits: readonly Checkpoint[], { archive }: CollectedReport): Checkpoint[] {
  const free = fits.filter(({ status: { phase, ...status } }) => phase === 'Unknown' && status.archive === undefined);
  const mine = free.filter((each) => {
    const before = each.status.collected;
    return before === undefined || before.archive === archive || misfitOf(each) !== undefined;
  });
  const time = ({ status: { claim } }: Checkpoint) => Date.parse(claim?.requestedAt ?? '');
  return mine.toSorted((a, b) => time(b) - time(a)).slice(0, 1);
}

async function one(
  api: ClusterApi,
  { kubeNamespace, name }: ObjectName,
  { signal }: ReportTarget,
): Promise<JsonObject[]> {
  const asked = api.get(objectPath('checkpoints', { kubeNamespace, name }), { signal });
  const found = await orAbsent(asked, 'ERR_CLUSTER_NOT_FOUND');
  return found ? [found] : [];
}

async function listed(api: ClusterApi, { node }: CollectedReport, target: ReportTarget): Promise<JsonObject[]> {
  const select = { fieldSelector: `spec.podName=${target.pod},status.node=${node}` };
  try {
    return await pages(api, select, target);
  } catch (error) {
    // Before Kubernetes 1.31 no field of a custom resource can be selected by.
    if (!StillframeError.is(error) || error.details['status'] !== 400) throw error;
    return await pages(api, {}, target);
  }
}

async function pages(
  api: ClusterApi,
  query: Readonly<Record<string, string>>,
  { kubeNamespace, signal, pod }: ReportTarget,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let next = '';
  for (let page = 0; page < PAGES; page += 1) {
    const words = new URLSearchParams({ ...query, limit: PAGE, ...(next === '' ? {} : { continue: next }) });
    const answer = await api.get(`${listPath('checkpoints', kubeNamespace)}?${words}`, { signal });
    for (const each of listAt(answer, 'items'))
      if (isObject(each) && at(each, 'spec', 'podName') === pod) found.push(each);
    next = textAt(answer, 'metadata', 'continue');
    if (next === '') return found;
  }
  throw controllerError(
    'ERR_CONTROLLER_MANY',
    `there are more than ${PAGES * Number(PAGE)} Checkpoints to look through`,
  );
}

/** Only where the object is as it was judged, else ERR_CLUSTER_CONFLICT: false where it has gone. A field that an earlier report had and this one lacks goes. */
async function tell(
  api: ClusterApi,
  { kubeNamespace, name, uid, resourceVersion, status }: Checkpoint,
  report: CollectedReport,
  signal: AbortSignal,
): Promise<boolean> {
  const plain = readReport(report);
  if (status.collected && isDeepStrictEqual(timeless(status.collected), timeless(plain))) return true;
  const gone = Object.fromEntries(Object.keys(status.collected ?? {}).map((field) => [field, null]));
  const path = objectPath('checkpoints', { kubeNamespace, name }, 'status');
  const change = { metadata: { uid, resourceVersion }, status: { collected: { ...gone, ...plain } } };
  return (await orAbsent(api.patch(path, change, { signal }), 'ERR_CLUSTER_NOT_FOUND')) !== undefined;
}

/** When it was said makes it no other report. */
function timeless({ at: _when, ...rest }: CollectedReport): object {
  return JSON.parse(JSON.stringify(rest)) as object;
}
