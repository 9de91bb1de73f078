/** What `stillframe inspect` tells of a container's surroundings: kernel namespaces, network, IPC, groups, changes, dump. */
import {
  type Cgroups,
  type Checkpoint,
  changesRecorded,
  type DumpFacts,
  type DumpLog,
  type KernelNamespace,
  type Mount,
  type NetworkInterface,
  type NetworkNamespace,
  type RootfsChange,
  readCgroups,
  readChanges,
  readDumpFacts,
  readDumpLog,
  readIpc,
  readKernelNamespaces,
  readNetwork,
} from '@stillframe/checkpoint';
import { type Diagnostic, harmless, messageOf, namesSecret, StillframeError } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { type ChangesView, changesNode } from './change-nodes.ts';
import { dumpNode, logNode } from './dump-nodes.ts';
import { type IpcView, ipcNodes, ipcView } from './ipc-nodes.ts';
import { cgroupNode, namespaceNode } from './namespace-nodes.ts';
import { interfaceNode, networkNodes } from './network-nodes.ts';
import { rowsNode } from './rows.ts';

export interface Surroundings {
  namespaces: readonly KernelNamespace[];
  network: readonly NetworkNamespace[];
  /** As podman recorded it. */
  networkStatus: readonly NetworkInterface[];
  ipc: readonly IpcView[];
  cgroups: Cgroups;
  /** Undefined where the changes were not asked for: their index costs more than the rest. */
  changes: ChangesView | undefined;
  dump: DumpFacts | undefined;
  log: DumpLog | undefined;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

export interface SurroundingsOptions {
  mounts: readonly Mount[];
  changes: boolean;
  /** Whether values of labels and annotations that look secret are shown. */
  secrets: boolean;
  report(faults: readonly Diagnostic[]): void;
  signal: AbortSignal;
}

/** Changes that `inspect` tells; `stillframe changes` tells all. */
const CHANGES = 10_000;

/** Reads them, and nothing of memory. */
export async function readSurroundings(checkpoint: Checkpoint, options: SurroundingsOptions): Promise<Surroundings> {
  const { images, spec, archive, metadata, documents } = checkpoint;
  const { signal, secrets } = options;
  const namespaces = await readKernelNamespaces(images, { spec, signal });
  return {
    namespaces,
    network: await readNetwork(images, { namespaces, signal }),
    networkStatus: documents.network,
    ipc: (await readIpc(images, { namespaces, signal })).map(ipcView),
    cgroups: await readCgroups(images, { signal }),
    changes: options.changes ? await changesView(checkpoint, options) : undefined,
    dump: await readDumpFacts(images, { signal }),
    log: await readDumpLog(archive, { signal }),
    labels: secrets ? metadata.labels : redacted(metadata.labels),
    annotations: secrets ? metadata.annotations : redacted(metadata.annotations),
  };
}

async function changesView(
  checkpoint: Checkpoint,
  { mounts, report, signal }: SurroundingsOptions,
): Promise<ChangesView> {
  if (!changesRecorded(checkpoint)) return { state: 'not-recorded', rows: [], left: 0 };
  const rows: RootfsChange[] = [];
  let left = 0;
  const mountpoints = new Set(mounts.map(({ mountpoint }) => mountpoint));
  try {
    for await (const row of readChanges(checkpoint, { mountpoints, partial: true, signal }, report)) {
      if (rows.length < CHANGES) rows.push(row);
      else left += 1;
    }
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    const message = messageOf(error);
    report([{ id: 'rootfs-changes-unreadable', severity: 'error', source: 'rootfs-diff.tar', message }]);
    return { state: 'unreadable', rows, left };
  }
  return { state: 'recorded', rows, left };
}

function redacted(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(texts).map(([key, value]): [string, string] => [
    key,
    namesSecret(key) ? `<redacted, ${value.length} characters>` : value,
  ]);
  return Object.fromEntries(entries);
}

/** All sections, in the order of `inspect --all`. */
export function surroundingsNodes(found: Surroundings): TreeNode[] {
  const pairs = (title: string, texts: Readonly<Record<string, string>>): TreeNode[] => {
    const entries = Object.entries(texts);
    return entries.length === 0 ? [] : [rowsNode(title, entries, ([key, value]) => harmless(`${key}: ${value}`))];
  };
  return [
    ...pairs('Labels', found.labels),
    ...pairs('Annotations', found.annotations),
    namespaceNode(found.namespaces),
    ...networkNodes(found.network, { sysctls: false }),
    ...(found.networkStatus.length > 0 ? [interfaceNode(found.networkStatus)] : []),
    ...ipcNodes(found.ipc),
    cgroupNode(found.cgroups),
    ...(found.changes ? [changesNode(found.changes)] : []),
    ...(found.dump ? [dumpNode(found.dump)] : []),
    ...(found.log ? [logNode(found.log)] : []),
  ];
}
