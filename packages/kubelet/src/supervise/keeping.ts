/** What all pods of one supervisor have in common. */
import type { Logger } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { Pod } from '../manifest/pod-schema.ts';
import type { Backoff } from './backoff.ts';
import type { Dns } from './dns.ts';
import type { Sources } from './environment.ts';

export interface Keeping {
  readonly cri: CriClient;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly hostIP: string;
  /** Absolute path of the folder of all pods: by it their sandboxes are known to be kept here. */
  readonly owner: string;
  /** Absolute path of the folder of logs, /var/log/pods of a kubelet. */
  readonly logsFolder: string;
  readonly seccompFolder: string;
  /** Empty: the runtime's own choice. */
  readonly cgroupParent: string;
  /** Bytes of the machine's memory. */
  readonly memory: number;
  readonly hostDns: () => Promise<Dns>;
  readonly backoff: Backoff;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Something is to be looked at. */
  readonly changed: () => void;
}

/** A pod that is to be. */
export interface Desired {
  readonly pod: Pod;
  /** Its document as it was written. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly uid: string;
  /** The manifest. */
  readonly file: string;
  readonly sources: Sources;
}
