/** The three kinds as CustomResourceDefinitions (`apiextensions.k8s.io/v1`), from the fields that the controller reads by. */
import type { JsonObject } from '@stillframe/core';
import { checkpointSpec, checkpointStatus } from './checkpoint.ts';
import type { Field } from './field.ts';
import { GROUP, type Plural, VERSION } from './names.ts';
import { policySpec, policyStatus } from './policy.ts';
import { scheduleSpec, scheduleStatus } from './schedule.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer' | 'boolean';
  readonly jsonPath: string;
  readonly description?: string;
  /** Shown by `-o wide` only. */
  readonly priority?: 1;
}

interface Kind {
  readonly kind: string;
  readonly plural: Plural;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: Field<unknown>;
  readonly status: Field<unknown>;
  readonly columns: readonly Column[];
  /** Fields by which one may list. */
  readonly selectable: readonly string[];
}

const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

export const kinds: readonly Kind[] = [
  {
    kind: 'Checkpoint',
    plural: 'checkpoints',
    singular: 'checkpoint',
    shortNames: ['ckpt'],
    description:
      'One capture of one container, by the kubelet of its node; exactly one, whatever becomes of the controller.',
    spec: checkpointSpec,
    status: checkpointStatus,
    columns: [
      { name: 'Pod', type: 'string', jsonPath: '.spec.podName' },
      { name: 'Container', type: 'string', jsonPath: '.status.container' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Critical', type: 'integer', jsonPath: '.status.findings.critical' },
      { name: 'High', type: 'integer', jsonPath: '.status.findings.high' },
      { name: 'Node', type: 'string', jsonPath: '.status.node', priority: 1 },
      { name: 'Archive', type: 'string', jsonPath: '.status.archive.path', priority: 1 },
      AGE,
    ],
    selectable: ['.spec.podName', '.status.node', '.status.phase'],
  },
  {
    kind: 'CheckpointSchedule',
    plural: 'checkpointschedules',
    singular: 'checkpointschedule',
    shortNames: ['ckptsched'],
    description: 'Checkpoints by the clock.',
    spec: scheduleSpec,
    status: scheduleStatus,
    columns: [
      { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule' },
      { name: 'Suspend', type: 'boolean', jsonPath: '.spec.suspend' },
      { name: 'Last', type: 'date', jsonPath: '.status.lastScheduleTime' },
      AGE,
    ],
    selectable: [],
  },
  {
    kind: 'CheckpointPolicy',
    plural: 'checkpointpolicies',
    singular: 'checkpointpolicy',
    shortNames: ['ckptpol'],
    description: 'Checkpoints because something happens to a pod.',
    spec: policySpec,
    status: policyStatus,
    columns: [
      { name: 'Checkpoints', type: 'integer', jsonPath: '.status.checkpoints' },
      { name: 'Suppressed', type: 'integer', jsonPath: '.status.suppressed' },
      { name: 'Last', type: 'date', jsonPath: '.status.lastTriggerTime' },
      AGE,
    ],
    selectable: [],
  },
];

/** By the name of the file that each stands in. */
export function customResourceDefinitions(): ReadonlyMap<string, JsonObject> {
  return new Map(kinds.map((kind) => [`${kind.plural}.yaml`, definitionOf(kind)]));
}

function definitionOf({ kind, plural, singular, shortNames, ...one }: Kind): JsonObject {
  const properties = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: one.spec.schema,
    status: one.status.schema,
  };
  // A label has the name, and names of Checkpoints begin with it.
  const named = {
    'x-kubernetes-validations': [
      { rule: 'size(self.metadata.name) <= 52', message: 'the name has more than 52 characters' },
    ],
  };
  const version = {
    ...{ name: VERSION, served: true, storage: true },
    subresources: { status: {} },
    additionalPrinterColumns: one.columns,
    ...(one.selectable.length > 0 ? { selectableFields: one.selectable.map((jsonPath) => ({ jsonPath })) } : {}),
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: one.description,
        properties,
        required: ['spec'],
        ...(kind === 'Checkpoint' ? {} : named),
      },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['stillframe'] },
      scope: 'Namespaced',
      versions: [version],
    },
  };
}
