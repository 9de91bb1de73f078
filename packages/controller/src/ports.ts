/** What everything that works on objects is given. */
import type { Logger } from '@stillframe/core';
import type { ClusterApi } from '@stillframe/kubernetes';
import type { Store } from './cache/store.ts';
import type { Outcome } from './checkpoints/outcome.ts';
import type { Clock } from './clock.ts';
import type { EventRecorder } from './events/recorder.ts';
import type { Checkpoint } from './resources/object.ts';

export interface Ports {
  /** Sends nothing once the lease is lost, and waits for its turn. */
  readonly api: ClusterApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  /** This process, unlike every other that ever ran. */
  readonly identity: string;
  readonly checkpoints: Store<Checkpoint>;
  /** Answers of kubelets that do not stand in a status yet, by uid; they outlive a term. */
  readonly outcomes: Map<string, Outcome>;
  readonly counted: Counted;
}

/** What is worth a figure. */
export interface Counted {
  /** How a capture ended. */
  capture(phase: string): void;
  /** What became of a cause: `made`, `duplicate`, `limited`. */
  cause(trigger: string, result: string): void;
}

/** A store of Checkpoints, by what is asked about them. */
export const checkpointIndexes = {
  container: containerGroup,
  policy: ({ kubeNamespace, labels }: Checkpoint) => labels['policy'] && `${kubeNamespace}/${labels['policy']}`,
  node: ({ labels }: Checkpoint) => labels['node'],
  schedule: ({ kubeNamespace, labels }: Checkpoint) => labels['schedule'] && `${kubeNamespace}/${labels['schedule']}`,
};

/** Which Checkpoints `retention.keep` counts together. */
export function containerGroup({ kubeNamespace, spec, status }: Checkpoint): string {
  return `${kubeNamespace}/${spec.podName}/${status.container ?? spec.container ?? ''}`;
}

/** Whether nothing more is captured for it. */
export function isOver({ status: { phase } }: Checkpoint): boolean {
  return phase === 'Captured' || phase === 'Failed' || phase === 'Unknown';
}
