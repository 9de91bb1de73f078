/** `CheckpointPolicy`: Checkpoints because something happens to a pod. */
import { duration, flag, listOf, number, type Of, object, text, time } from './field.ts';
import { conditions, findings, selector, wishes } from './shared.ts';

/** Falco's own, the gravest first. */
export const PRIORITIES = [
  ...['Emergency', 'Alert', 'Critical', 'Error'],
  ...['Warning', 'Notice', 'Informational', 'Debug'],
] as const;

const limit = (of: string) =>
  object(
    `So many Checkpoints of one ${of} in a time.`,
    { count: number('How many.', 1, 1000), per: duration('In which time.') },
    {},
  );

export const policySpec = object(
  'Whose checkpoints are made why.',
  { selector },
  {
    triggers: object(
      'What makes a Checkpoint.',
      {},
      {
        annotation: flag('The annotation stillframe.io/checkpoint on the pod, which is taken away.'),
        falco: object(
          'Alerts of Falco that name the pod, sent to the controller’s webhook.',
          {},
          {
            rules: listOf('Names of rules; all without it.', text('A rule.', { most: 256 }), { most: 200 }),
            priority: {
              schema: {
                type: 'string',
                enum: PRIORITIES,
                default: 'Warning',
                description: 'Alerts that are less grave are left.',
              },
              read: (value: unknown) => PRIORITIES.find((each) => each === value) ?? ('Warning' as const),
            },
          },
        ),
        eviction: flag('The pod is evicted, preempted or deleted and its container runs on for its grace period.'),
        drain: flag('The pod’s node is cordoned, which a drain does before it evicts.'),
      },
    ),
    rateLimit: object('More than this is left.', {}, { perPod: limit('pod'), perNode: limit('node') }),
    deduplicate: duration('Within this time the same cause makes one Checkpoint of a pod; 5m without it.'),
    ...wishes,
  },
);
export type PolicySpec = Of<typeof policySpec>;

const total = (of: string) => number(of, 0, Number.MAX_SAFE_INTEGER);

export const policyStatus = object(
  'What it has done.',
  {},
  {
    conditions,
    findings,
    observedGeneration: number('Generation that was seen last.', 0, Number.MAX_SAFE_INTEGER),
    checkpoints: total('Checkpoints of it that there are.'),
    captured: total('Of these with an archive.'),
    suppressed: total('Causes that limits and de-duplication left, since the controller began.'),
    lastTriggerTime: time('When its last Checkpoint was made.'),
  },
);
export type PolicyStatus = Of<typeof policyStatus>;
