/** What a step of the demo is, and what steps hand on to one another. */
import type { UndoStack } from '@stillframe/core';
import type { RunningRegistry } from '@stillframe/testkit';
import type { Stillframe } from './stillframe.ts';

/** What the steps have made so far. A later step may rely on all that earlier ones set. */
export interface Story {
  /** The demo's own folder; everything it makes lies here. */
  readonly folder: string;
  readonly stillframe: Stillframe;
  readonly cleanup: UndoStack;
  readonly signal: AbortSignal;
  /** Where to keep a copy of the archive, for the sample that the repository ships. */
  readonly sample: string | undefined;
  registry?: RunningRegistry;
  endpoints?: Endpoints;
  archive?: string;
  originalLog?: string;
  /** The number that the counter had reached when it was frozen. */
  frozenAt?: number;
  copies: RestoredCopy[];
  figures: Record<string, number | string>;
}

export interface Endpoints {
  kubelet: string;
  clientCertificate: string;
  clientKey: string;
  checkpoints: string;
}

export interface RestoredCopy {
  title: string;
  /** First numbers that the copy counted after it was restored. */
  went: number[];
}

export interface Step {
  id: string;
  title: string;
  /** Does the work and returns one line about it. Throws where the story cannot go on. */
  run(story: Story): Promise<string>;
}

/** `value`, or a defect of the demo: a step ran before the one it needs. */
export function made<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no step has made ${what}`);
  return value;
}
