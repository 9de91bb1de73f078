/** The pods that a node keeps by itself, over whichever CRI runtime: those of a folder of manifests, and those of `run -f`. */
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import type { CriClient } from '@stillframe/cri/client';
import type { ManifestFault, Supervisor } from '@stillframe/kubelet';
import type { NodePaths } from '@stillframe/runtime/place';
import type { NodeConfig } from './config.ts';

export interface PodsPlace {
  paths: NodePaths;
  config: NodeConfig;
  criClient: CriClient;
  logger: Logger;
  /** The runtime's own choice by default. */
  cgroupParent?: string | undefined;
}

/** Folder of all that belongs to kept pods. */
function podsFolder({ root }: Pick<NodePaths, 'root'>): string {
  return join(root, 'pods');
}

/** Where `stillframe run -f` lays manifests down; who removes one ends its pod. */
export function ownManifests(paths: Pick<NodePaths, 'root'>): string {
  return join(podsFolder(paths), 'manifests');
}

/** The name of a pod's manifest among those of the node. */
export function manifestName({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}_${name}.yaml`;
}

/** Where `run -f --cri` makes volumes: a folder for each call, in it one for each pod, by its uid. */
export function runPodsFolder({ root }: Pick<NodePaths, 'root'>): string {
  return join(root, 'run-pods');
}

/** Takes away what `run -f --cri` had made for pods with these uids, Secrets and memory among it; texts of the runtime. */
export async function removeRunPods(paths: Pick<NodePaths, 'root'>, uids: ReadonlySet<string>): Promise<void> {
  const folder = runPodsFolder(paths);
  for (const call of await readdir(folder).catch(() => [])) {
    const made = join(folder, call);
    const pods = await readdir(made).catch(() => []);
    // Only names that stand there: a uid of the runtime may be any text.
    const gone = pods.filter((each) => uids.has(each));
    if (gone.length > 0) {
      const { removePodFolder } = await import('@stillframe/kubelet');
      for (const uid of gone) await removePodFolder(made, uid);
    }
    // Stays where another pod of that call has its own in it.
    await rmdir(made).catch(() => undefined);
  }
}

function retiredPath({ state }: Pick<NodePaths, 'state'>): string {
  return join(state, 'pods-retired');
}

function faultsPath({ state }: Pick<NodePaths, 'state'>): string {
  return join(state, 'pod-faults.json');
}

/** Begins to keep pods. Disposing leaves them running. */
export async function servePods({ paths, config, criClient, logger, cgroupParent }: PodsPlace): Promise<Supervisor> {
  const own = ownManifests(paths);
  await mkdir(own, { recursive: true, mode: 0o700 });
  await rm(retiredPath(paths), { force: true });
  await rm(faultsPath(paths), { force: true });
  const { podManifests, podLogs } = config;
  // Here alone: whoever only asks for the pods of a node loads nothing of what keeps them.
  const { startSupervisor } = await import('@stillframe/kubelet');
  return startSupervisor({
    criClient,
    manifests: [...(podManifests === undefined ? [] : [podManifests]), own],
    podsFolder: podsFolder(paths),
    logsFolder: podLogs,
    cgroupParent,
    logger,
    retired: async () => (await stat(retiredPath(paths)).catch(() => undefined)) !== undefined,
    onFaults: (faults) => writeTextAtomically(faultsPath(paths), `${JSON.stringify(faults)}\n`),
  });
}

/**
 * Has the running node end the pods that it keeps, and keep none until it is started again; those of `run -f` do not come
 * back then.
 */
export async function retirePods(paths: NodePaths): Promise<void> {
  const own = ownManifests(paths);
  for (const name of await readdir(own).catch(() => [])) await rm(join(own, name), { force: true });
  await writeTextAtomically(retiredPath(paths), '');
}

/** Manifests that the running node finds wrong. */
export async function podFaults(paths: Pick<NodePaths, 'state'>): Promise<readonly ManifestFault[]> {
  const text = await readFile(faultsPath(paths), 'utf8').catch(() => '[]');
  try {
    return JSON.parse(text) as ManifestFault[];
  } catch {
    return [];
  }
}
