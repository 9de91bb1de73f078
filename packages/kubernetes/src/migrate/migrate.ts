/**
 * A pod to another node: captured, published as an image, restored there, and only when that copy is ready the original goes. Until
 * then nothing is done to the original, so taking back is removing the copy.
 */
import { at, harmless, isCode, isObject, type JsonObject, listAt, messageOf, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import { clusterError } from '../errors.ts';
import { podPath } from '../pods/pod.ts';
import { waitFor } from '../pods/wait.ts';
import type { Migration } from './migration.ts';

/** What a migration needs of whoever has it done. Each may throw; it is then taken back. */
export interface MigrationPorts {
  /** Keeps the state, durable, before the next step begins. */
  save(state: Migration): Promise<void>;
  /** Has the container captured and fetched. */
  capture(state: Migration): Promise<Required<Pick<Migration, 'archive' | 'askedAt' | 'answeredAt'>>>;
  /** Makes an image of the archive and pushes it; its reference by digest. Asked again where the API server was away. */
  publish(state: Migration): Promise<string>;
  /** The pod that restores it. Asked again where the API server was away. */
  podOf(state: Migration): Promise<JsonObject>;
  /** Hears of each step before it begins. */
  told(step: string): void;
}

export interface MigrateOptions extends CallOptions {
  /** Milliseconds until the copy must be ready; an API server that is away may take as long to come back. */
  readonly patience: number;
  /** Milliseconds between two looks; 1000 by default. */
  readonly look?: number;
}

/** On the copy: which migration made it. */
const MIGRATION = 'io.stillframe.cluster/migration';
/** Milliseconds after which a checkpoint without a copy is made anew. */
const OLD = 600_000;
/** Milliseconds that taking back may take. */
const UNDO = 60_000;

/**
 * Goes on from `state` to the end, with a new checkpoint where that is ten minutes old and has no copy; answers the last state. Throws what the steps throw, with the copy removed and the original as it
 * was; ERR_CLUSTER_MIGRATION_OPEN where that could not be done, as the API server is away: the state that was saved says how far it came.
 */
export async function migrate(
  api: ClusterApi,
  state: Migration,
  ports: MigrationPorts,
  options: MigrateOptions,
): Promise<Migration> {
  let now = withoutOld(state);
  const done = async (change: Partial<Migration>) => {
    now = { ...now, ...change };
    await ports.save(now);
  };
  try {
    if (now.step === 'begun') {
      ports.told('checkpoint');
      await demandOriginal(api, now, options);
      await done({ step: 'captured', ...(await ports.capture(now)) });
    }
    if (now.step === 'captured') {
      ports.told('image');
      await done({ step: 'published', image: await patiently(() => ports.publish(now), options) });
    }
    if (now.step === 'published') {
      ports.told('copy');
      await demandOriginal(api, now, options);
      const pod = await patiently(() => ports.podOf(now), options);
      await done({ step: 'created', copyUid: await createCopy(api, now, pod, options) });
    }
    if (now.step === 'created') {
      ports.told('ready');
      await untilReady(api, now, options);
      await done({ step: 'ready', readyAt: new Date().toISOString() });
    }
    if (now.step === 'ready') {
      ports.told('remove the original');
      // Its being ready may have been kept long ago, by a process that was killed.
      await untilReady(api, now, options);
      if (now.removedAt === undefined) {
        // Somebody else who removes it may have made another copy of it. Only what we asked for ourselves may be gone already.
        await demandOriginal(api, now, options);
        await done({ removedAt: new Date().toISOString() });
      }
      await removeOriginal(api, now, options);
      await done({ step: 'removed' });
    }
    return now;
  } catch (error) {
    await takeBack(api, now, ports, error);
    throw error;
  }
}

/** A state without its checkpoint, where that is old and no copy was made of it: what the original did since would be lost. */
function withoutOld(state: Migration): Migration {
  const { archive: _archive, image: _image, askedAt: _asked, answeredAt, ...rest } = state;
  const isOld = Date.now() - Date.parse(answeredAt ?? '') > OLD;
  return isOld && (state.step === 'captured' || state.step === 'published') ? { ...rest, step: 'begun' } : state;
}

/** Removes the copy, if there is one. Throws ERR_CLUSTER_MIGRATION_OPEN where it cannot, or the original does not run any more. */
async function takeBack(api: ClusterApi, state: Migration, ports: MigrationPorts, cause: unknown): Promise<void> {
  if (state.step === 'begun' || state.step === 'captured') return;
  const signal = AbortSignal.timeout(UNDO);
  try {
    await removeCopy(api, state, signal);
    const { copyUid: _copy, readyAt: _ready, removedAt: _removed, ...rest } = state;
    await ports.save({ ...rest, step: 'published' });
  } catch (error) {
    throw clusterError(
      'ERR_CLUSTER_MIGRATION_OPEN',
      `${messageOf(cause)}; and it could not be taken back: ${messageOf(error)}`,
      { cause, details: { step: state.step } },
    );
  }
}

/**
 * Whatever of that name carries this migration's mark: where creating it was cut off, its uid is not known. Throws what demandOriginal
 * throws, whatever step failed: the copy is all that there is once the original has gone.
 */
async function removeCopy(api: ClusterApi, state: Migration, signal: AbortSignal): Promise<void> {
  const path = copyPath(state);
  const found = await patiently(() => api.get(path, { signal }), { signal, patience: UNDO }).catch(ifGone);
  if (found === undefined || textAt(found, 'metadata', 'annotations', MIGRATION) !== state.id) return;
  await demandOriginal(api, state, { signal, patience: UNDO });
  const uid = textAt(found, 'metadata', 'uid');
  await patiently(() => api.remove(path, { uid, graceSeconds: 0, signal }), { signal, patience: UNDO });
}

const copyPath = ({ source, target }: Migration) => podPath({ kubeNamespace: source.kubeNamespace, pod: target.pod });

async function createCopy(
  api: ClusterApi,
  state: Migration,
  pod: JsonObject,
  options: MigrateOptions,
): Promise<string> {
  const { kubeNamespace } = state.source;
  const marked = { ...pod, metadata: withMark(pod, state.id) };
  const path = apiPath('api', 'v1', 'namespaces', kubeNamespace, 'pods');
  try {
    return textAt(await patiently(() => api.create(path, marked, options), options), 'metadata', 'uid');
  } catch (error) {
    if (!isCode(error, 'ERR_CLUSTER_EXISTS')) throw error;
    // An answer that was lost on its way: it is ours, and was made.
    const found = await patiently(() => api.get(copyPath(state), options), options);
    if (textAt(found, 'metadata', 'annotations', MIGRATION) === state.id) return textAt(found, 'metadata', 'uid');
    throw error;
  }
}

function withMark(pod: JsonObject, id: string): JsonObject {
  const [metadata, annotations] = [at(pod, 'metadata'), at(pod, 'metadata', 'annotations')];
  const kept = isObject(annotations) ? annotations : {};
  return { ...(isObject(metadata) ? metadata : {}), annotations: { ...kept, [MIGRATION]: id } };
}

/** Throws ERR_CLUSTER_NOT_FOUND where it went, or another has its name, ERR_CLUSTER_NOT_RUNNING where it is going or has ended. */
async function demandOriginal(api: ClusterApi, { source }: Migration, options: MigrateOptions): Promise<void> {
  const shown = harmless(`${source.kubeNamespace}/${source.pod}`);
  const found = await patiently(() => api.get(podPath(source), options), options);
  if (textAt(found, 'metadata', 'uid') !== source.uid) {
    throw clusterError('ERR_CLUSTER_NOT_FOUND', `${shown} is another pod than the one that was to be migrated`);
  }
  if (at(found, 'metadata', 'deletionTimestamp') !== undefined) {
    throw clusterError('ERR_CLUSTER_NOT_RUNNING', `${shown} is being removed by somebody else`);
  }
  const phase = textAt(found, 'status', 'phase');
  if (phase === 'Failed' || phase === 'Succeeded') {
    throw clusterError('ERR_CLUSTER_NOT_RUNNING', `${shown} does not run any more: it is ${phase}`);
  }
}

async function removeOriginal(api: ClusterApi, { source }: Migration, options: MigrateOptions): Promise<void> {
  await patiently(() => api.remove(podPath(source), { ...options, uid: source.uid }), options);
}

async function untilReady(api: ClusterApi, state: Migration, options: MigrateOptions): Promise<void> {
  const until = performance.now() + options.patience;
  for (;;) {
    const pod = await patiently(() => api.get(copyPath(state), options), options);
    if (state.copyUid !== undefined && textAt(pod, 'metadata', 'uid') !== state.copyUid) {
      const name = harmless(`${state.source.kubeNamespace}/${state.target.pod}`);
      throw clusterError('ERR_CLUSTER_NOT_FOUND', `${name} is another pod than the copy that was made`);
    }
    const conditions = listAt(pod, 'status', 'conditions');
    const isReady = conditions.some((each) => textAt(each, 'type') === 'Ready' && textAt(each, 'status') === 'True');
    if (isReady) return;
    const phase = textAt(pod, 'status', 'phase');
    const status = listAt(pod, 'status', 'containerStatuses').find(
      (each) => textAt(each, 'name') === state.source.container,
    );
    const reasons = ['waiting', 'terminated']
      .map((kind) => at(status, 'state', kind))
      .filter((each) => each !== undefined);
    const why = reasons.map((each) => `${textAt(each, 'reason')} ${textAt(each, 'message')}`).join(' ');
    const failed = phase === 'Failed' || reasons.some((each) => HOPELESS.includes(textAt(each, 'reason')));
    if (failed || performance.now() > until) {
      const shown = harmless(`${phase} ${why}`.trim().slice(0, 1000));
      throw clusterError(
        'ERR_CLUSTER_NOT_READY',
        `the copy on ${harmless(state.target.node)} does not become ready: ${shown}`,
      );
    }
    await waitFor(options.look ?? 1000, options.signal);
  }
}

/** Reasons of a container that no patience mends: a restore that failed fails again. */
const HOPELESS = [
  'StartError',
  'CreateContainerError',
  'CreateContainerConfigError',
  'ErrImageNeverPull',
  'InvalidImageName',
  'RunContainerError',
];

/** An API server that restarts is waited for; all that is asked here may be asked twice. */
async function patiently<T>(ask: () => Promise<T>, { patience, look = 1000, signal }: MigrateOptions): Promise<T> {
  const until = performance.now() + patience;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isCode(error, 'ERR_CLUSTER_UNREACHABLE') || performance.now() > until) throw error;
    }
    await waitFor(look, signal);
  }
}

function ifGone(error: unknown): undefined {
  if (!isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
}
