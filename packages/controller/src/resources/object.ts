/** A custom resource as the controller keeps it: little of its metadata, and spec and status as they were read. */
import { at, harmless, isObject, type JsonObject, listAt, messageOf, textAt } from '@stillframe/core';
import { type CheckpointSpec, type CheckpointStatus, checkpointSpec, checkpointStatus } from './checkpoint.ts';
import type { Field } from './field.ts';
import { GROUP, KEEP_ANNOTATION } from './names.ts';
import { type PolicySpec, type PolicyStatus, policySpec, policyStatus } from './policy.ts';
import { type ScheduleSpec, type ScheduleStatus, scheduleSpec, scheduleStatus } from './schedule.ts';

export interface Meta {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  readonly kubeNamespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** Those of this group alone, without its name and the slash: `schedule`, `policy`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Retention leaves it. */
  readonly pinned: boolean;
}

export interface Resource<S, T> extends Meta {
  readonly spec: S;
  readonly status: T;
  /** What in it cannot be read; then spec and status may lack anything, and nothing is done with it. */
  readonly fault?: string;
}

export type Checkpoint = Resource<CheckpointSpec, CheckpointStatus>;
export type Schedule = Resource<ScheduleSpec, ScheduleStatus>;
export type Policy = Resource<PolicySpec, PolicyStatus>;

export const decodeCheckpoint = decoder(checkpointSpec, checkpointStatus, ['collected']);
export const decodeSchedule = decoder(scheduleSpec, scheduleStatus, []);
export const decodePolicy = decoder(policySpec, policyStatus, []);

/** Characters of a fault. */
const LONGEST = 500;

/** `foreign`: fields of the status that others write; where one cannot be read it counts as absent. */
function decoder<S, T>(spec: Field<S>, status: Field<T>, foreign: readonly string[]) {
  return (document: JsonObject): Resource<S, T> => {
    const meta = metaOf(document);
    const said = at(document, 'status');
    try {
      return { ...meta, spec: spec.read(document['spec'], 'spec'), status: status.read(said ?? {}, 'status') };
    } catch (first) {
      const own = isObject(said)
        ? Object.fromEntries(Object.entries(said).filter(([key]) => !foreign.includes(key)))
        : {};
      try {
        return { ...meta, spec: spec.read(document['spec'], 'spec'), status: status.read(own, 'status') };
      } catch {
        const fault = harmless(messageOf(first)).slice(0, LONGEST);
        return { ...meta, fault, spec: {} as S, status: {} as T };
      }
    }
  };
}

function metaOf(document: JsonObject): Meta {
  const text = (...path: string[]) => textAt(document, 'metadata', ...path);
  const labels = at(document, 'metadata', 'labels');
  const own = Object.entries(isObject(labels) ? labels : {}).filter(
    (entry): entry is [string, string] => entry[0].startsWith(`${GROUP}/`) && typeof entry[1] === 'string',
  );
  return {
    ...{ kubeNamespace: text('namespace'), name: text('name'), uid: text('uid') },
    key: `${text('namespace')}/${text('name')}`,
    resourceVersion: text('resourceVersion'),
    generation: Number(at(document, 'metadata', 'generation')) || 0,
    created: Date.parse(text('creationTimestamp')) || 0,
    deleting: text('deletionTimestamp') !== '',
    finalizers: listAt(document, 'metadata', 'finalizers').filter((each) => typeof each === 'string'),
    labels: Object.fromEntries(own.map(([key, value]) => [key.slice(GROUP.length + 1), value])),
    pinned: text('annotations', KEEP_ANNOTATION) !== '',
  };
}
