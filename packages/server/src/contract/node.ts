/** A running node: its pods and containers, what is done to them, and what they write. */
import type { Refusal } from './refusal.ts';

export interface LiveContainer {
  readonly id: string;
  readonly name: string;
  /** As it was asked for; empty where the runtime does not say. */
  readonly image: string;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  /** Bytes that it works with, which a pause goes by; null where the runtime does not say. */
  readonly memory: number | null;
}

export interface LivePod {
  readonly sandbox: string;
  readonly kubeNamespace: string;
  readonly name: string;
  readonly ready: boolean;
  /** Made by this desk, which may take it away again. */
  readonly isOurs: boolean;
  readonly containers: readonly LiveContainer[];
}

/** What a capture came to. */
export interface CaptureOutcome {
  /** The checkpoint of the desk that it became. */
  readonly one: string;
  /** Path of the archive. */
  readonly archive: string;
  readonly bytes: number;
  /** Microseconds that the container stood still, measured; null where the runtime does not tell. */
  readonly pause: number | null;
  /** Microseconds that it stood still at most, where that is all that is known. */
  readonly pauseAtMost: number | null;
  /** Microseconds of it that the dump took. */
  readonly dump: number | null;
}

/** A copy that runs. */
export interface LiveCopy {
  readonly address: string;
  readonly container: string;
  readonly sandbox: string;
  /** What was not restored as dumped, and what was changed on request. */
  readonly clamped: readonly string[];
  readonly altered: readonly string[];
  /** File with the packets. */
  readonly packets: string | null;
}

/** An image that was made of an archive and pushed. */
export interface PushedImage {
  /** In full. */
  readonly reference: string;
  /** Of its manifest, and of the layer that holds the archive. */
  readonly digest: string;
  readonly layer: string;
  /** Of the layer. */
  readonly bytes: number;
  /** Whether the layer is what was captured, in words. */
  readonly evidence: string;
  /** What the signature calls it; null where it is not signed. */
  readonly signed: string | null;
}

/** Something that was asked of the node, under way or over. */
export interface Job {
  readonly id: string;
  readonly kind: 'checkpoint' | 'restore' | 'push' | 'remove';
  /** Address of the container or pod, or name of the archive. */
  readonly subject: string;
  readonly state: 'running' | 'done' | 'failed';
  /** What it does now, or did last. */
  readonly stage: string;
  /** Bytes of that, where it is known how many there are. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** Since it was asked for, until now or its end. */
  readonly milliseconds: number;
  readonly failure: Refusal | null;
  readonly capture: CaptureOutcome | null;
  readonly copies: readonly LiveCopy[];
  readonly pushed: PushedImage | null;
}

export interface NodeAnswer {
  /** Name and version of the runtime. */
  readonly runtime: string;
  /** Its socket. */
  readonly socket: string;
  /** Whether it knows forensic sandboxes and refuses a pause that would be too long: a node of Stillframe does. */
  readonly isOwn: boolean;
  /** Whether there is a key that images are signed with. */
  readonly canSign: boolean;
  readonly pods: readonly LivePod[];
  /** Pods that are left out. */
  readonly left: number;
  /** Newest first. */
  readonly jobs: readonly Job[];
}

export interface LogAnswer {
  /** The last ones. */
  readonly lines: readonly string[];
  /** Whether there are earlier ones. */
  readonly isCut: boolean;
  readonly state: LiveContainer['state'];
}

/** What was asked is under way. */
export interface Begun {
  readonly job: string;
}
