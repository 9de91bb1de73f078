/** What every operation of the node works with; made once by openNode. */
import type { Logger } from '@stillframe/core';
import type { Plugins } from '@stillframe/nri';
import type { EventHub } from './events/event-hub.ts';
import type { ImageStore } from './image/image-store.ts';
import type { PodNetworks } from './network/pod-networks.ts';
import type { OciRuntimes } from './oci-runtime/runtimes.ts';
import type { NodeFolders } from './paths.ts';
import type { StepObserver } from './steps.ts';
import type { KeyedLock } from './store/keyed-lock.ts';
import type { OperationJournal } from './store/operation-journal.ts';
import type { RecordStore } from './store/record-store.ts';
import type { ContainerRecord, SandboxRecord } from './store/records.ts';

export interface NodeContext {
  readonly folders: NodeFolders;
  readonly oci: OciRuntimes;
  readonly images: ImageStore;
  readonly sandboxes: RecordStore<SandboxRecord>;
  readonly containers: RecordStore<ContainerRecord>;
  readonly journal: OperationJournal;
  readonly networks: PodNetworks;
  /** Serialises work on one sandbox or container, by id. */
  readonly locks: KeyedLock;
  readonly events: EventHub;
  /** NRI plugins; none where the node does not listen for them. */
  readonly plugins: Plugins;
  readonly onStep: StepObserver;
  readonly logger: Logger;
  /** The node's capabilities, `CAP_…`. */
  readonly capabilities: ReadonlySet<string>;
  readonly criuVersion: string;
  /** Why pods cannot have user namespaces here, in one line; undefined where they can. Found out once. */
  readonly userNamespacesMissing: () => Promise<string | undefined>;
  /** How CRIU holds back packets while it dumps: the fastest that this host has. */
  readonly networkLock: 'nftables' | 'iptables';
  /** CRIU options of containers whose annotations say nothing else, by annotation (`io.stillframe.criu/…`). */
  readonly criuDefaults?: Readonly<Record<string, string>>;
  /** Path of the key that signs evidence, in PEM; undefined where evidence is not signed. */
  readonly signingKey?: string | undefined;
  readonly version: string;
  /** Cgroup of pods that name no parent of their own. */
  readonly cgroupParent: string;
}
