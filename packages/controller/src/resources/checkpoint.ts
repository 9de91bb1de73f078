/** `Checkpoint`: one capture of one container. Its spec never changes, but for how long it stays. */
import { flag, number, type Of, object, text, time } from './field.ts';
import { conditions, containerName, digest, findings, nodeName, podName, wishes } from './shared.ts';

const FIXED = ['container', 'podUID', 'timeoutSeconds', 'destination', 'quarantine', 'reason'];

export const checkpointSpec = object(
  'What is to be captured.',
  { podName },
  {
    podUID: text('Only if it is still the pod of this uid.', { most: 64 }),
    reason: text('Why, in words; shown, never read.', { most: 1024 }),
    ...wishes,
  },
  [
    { rule: 'self.podName == oldSelf.podName', message: 'a Checkpoint is of one pod: make another' },
    ...FIXED.map((name) => ({
      rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
      message: `${name} of a Checkpoint does not change: make another`,
    })),
  ],
);
export type CheckpointSpec = Of<typeof checkpointSpec>;

const PHASES = ['Pending', 'Capturing', 'Captured', 'Failed', 'Unknown'] as const;
const phase = {
  schema: {
    type: 'string',
    enum: PHASES,
    description:
      'Unknown: the kubelet was asked and its answer was lost; it is not asked again, since that would capture twice.',
  },
  read: (value: unknown) => PHASES.find((each) => each === value) ?? 'Pending',
};

const size = number('Bytes.', 0, Number.MAX_SAFE_INTEGER);
const pause = number('Microseconds that the container stood still.', 0, Number.MAX_SAFE_INTEGER);

const claim = object(
  'Written before the kubelet is asked; who finds it does not ask again.',
  {
    requestedAt: time('When the kubelet was about to be asked.'),
    until: time('Until when its answer was waited for.'),
    by: text('Which process asked.', { most: 256 }),
  },
  {},
);
export type Claim = Of<typeof claim>;

const archive = object(
  'The archive, as far as it is known.',
  { path: text('On the node, as its kubelet said it.', { most: 4096 }) },
  {
    ...{ size, digest, pauseMicroseconds: pause },
    reference: text('The image that was pushed.', { most: 512 }),
    location: text('Where the collector keeps it.', { most: 1024 }),
    fromCollector: flag('The path was reported by the collector; the kubelet’s own answer was lost.'),
  },
);

export const collected = object(
  'Written by the collector of the node, and by nobody else; the controller takes over what fits what it asked for.',
  { node: nodeName, archive: text('Name of the archive’s file.', { most: 600 }) },
  {
    ...{ size, digest, pauseMicroseconds: pause, findings },
    path: text('On the node.', { most: 4096 }),
    reference: text('The image that was pushed.', { most: 512 }),
    location: text('Where the archive is kept now.', { most: 1024 }),
    at: time('When.'),
    error: text('What went wrong.', { most: 1024 }),
  },
);

export const checkpointStatus = object(
  'What became of it.',
  {},
  {
    ...{ phase, conditions, node: nodeName, claim, archive, collected, findings },
    observedGeneration: number('Generation that was seen last.', 0, Number.MAX_SAFE_INTEGER),
    container: containerName,
    pod: object(
      'The pod that was captured.',
      { uid: text('Its uid.', { most: 64 }) },
      {
        containerID: text('As the runtime names it.', { most: 512 }),
        image: text('The container’s image.', { most: 1024 }),
      },
    ),
    completedAt: time('When the capture was over.'),
    quarantine: object(
      'What shuts the pod off, and goes with this object.',
      { networkPolicy: text('Its name.', { most: 253 }), podUID: text('The pod that has the label.', { most: 64 }) },
      {},
    ),
  },
);
export type CheckpointStatus = Of<typeof checkpointStatus>;
