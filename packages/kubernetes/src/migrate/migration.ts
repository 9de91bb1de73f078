/** What is known of a migration: enough for another process to go on with it, or to take it back. */
import { isObject, textAt } from '@stillframe/core';
import { clusterError } from '../errors.ts';

/** In their order. `removed` is the end. */
const MIGRATION_STEPS = ['begun', 'captured', 'published', 'created', 'ready', 'removed'] as const;
export type MigrationStep = (typeof MIGRATION_STEPS)[number];

export interface Migration {
  readonly version: 1;
  /** Marks the copy as ours. */
  readonly id: string;
  /** The last step that was done. */
  readonly step: MigrationStep;
  readonly source: { kubeNamespace: string; pod: string; uid: string; node: string; container: string };
  readonly target: { node: string; pod: string };
  /** Where the image goes: a reference with its tag. */
  readonly reference: string;
  /** The archive here. */
  readonly archive?: string;
  /** The image by digest. */
  readonly image?: string;
  readonly copyUid?: string;
  /** RFC 3339: when the checkpoint was asked for and answered, the copy became ready, the original was told to go. */
  readonly askedAt?: string;
  readonly answeredAt?: string;
  readonly readyAt?: string;
  readonly removedAt?: string;
}

/** Milliseconds; of a migration that has ended. */
export interface MigrationTimes {
  /** That the original stood still for the checkpoint, at most. */
  readonly pauseAtMost: number;
  /** From the checkpoint until the original was told to go: what it did in that time is not in the copy. */
  readonly lost: number;
  /** During which neither was ready. */
  readonly downtime: number;
}

/** Throws ERR_CLUSTER_MIGRATION for a text that is no migration's state. */
export function decodeMigration(text: string): Migration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw clusterError('ERR_CLUSTER_MIGRATION', 'the file is no JSON', { cause });
  }
  const texts = [
    ...[['id'], ['reference'], ['target', 'node'], ['target', 'pod']],
    ...['kubeNamespace', 'pod', 'uid', 'node', 'container'].map((key) => ['source', key]),
  ];
  const isWhole =
    isObject(value) &&
    value['version'] === 1 &&
    MIGRATION_STEPS.some((step) => step === value['step']) &&
    texts.every((path) => textAt(value, ...path) !== '');
  if (!isWhole) throw clusterError('ERR_CLUSTER_MIGRATION', 'the file is no migration of this version');
  return value as unknown as Migration;
}

export function timesOf({ askedAt, answeredAt, readyAt, removedAt }: Migration): MigrationTimes {
  const [asked, answered, ready, removed] = [askedAt, answeredAt, readyAt, removedAt].map((text) =>
    Date.parse(text ?? ''),
  );
  const between = (from = Number.NaN, to = Number.NaN) => Math.max(0, to - from) || 0;
  return { pauseAtMost: between(asked, answered), lost: between(asked, removed), downtime: between(removed, ready) };
}
