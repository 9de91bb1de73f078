/** Fields that several kinds have: names, conditions, selectors, what a checkpoint is to become. */
import { choice, duration, listOf, number, type Of, object, text, texts, time } from './field.ts';

/** A DNS subdomain (RFC 1123), as names of pods and nodes are. */
const SUBDOMAIN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';
const LABEL_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
export const podName = text('Name of the pod, in the namespace of this object.', { pattern: SUBDOMAIN, most: 253 });
export const containerName = text(
  'Container; without it the annotation kubectl.kubernetes.io/default-container decides, or the pod must have only one that runs.',
  { pattern: LABEL_NAME, most: 63 },
);
export const nodeName = text('Node.', { most: 253 });
export const digest = text('SHA-256 of the whole archive.', { pattern: '^sha256:[0-9a-f]{64}$', most: 71 });

const condition = object(
  'One fact, in the form of metav1.Condition.',
  {
    type: text('Which fact.', { pattern: '^[A-Za-z]+$', most: 64 }),
    status: choice('Whether it holds.', ['True', 'False', 'Unknown']),
    reason: text('One word why, for programs.', { pattern: '^[A-Za-z][A-Za-z0-9]*$', most: 128 }),
    message: text('Why, for people.', { most: 2048 }),
    lastTransitionTime: time('Since when it has this status.'),
  },
  { observedGeneration: number('Generation of the object that it is about.', 0, Number.MAX_SAFE_INTEGER) },
);
export type Condition = Of<typeof condition>;
export const conditions = listOf('What holds of this object.', condition, { most: 16, key: 'type' });

const expression = object(
  'One demand on a label.',
  {
    key: text('The label.', { most: 317 }),
    operator: choice('How its value is held against the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
  },
  { values: listOf('Values; none for Exists and DoesNotExist.', text('A value.', { most: 63 }), { most: 64 }) },
);
export const selector = object(
  'Pods of this namespace by their labels; an empty one takes all.',
  {},
  {
    matchLabels: texts('Labels that must be there with this value.', text('A value.', { most: 63 }), 64),
    matchExpressions: listOf('Further demands; all must be met.', expression, { most: 64 }),
  },
);

const destination = object(
  'Where the archive is to go.',
  {
    kind: choice(
      'Node: it stays where the kubelet wrote it. Collector: the collector of that node takes it to its store. Registry: the collector pushes it as a checkpoint image.',
      ['Node', 'Collector', 'Registry'],
    ),
  },
  { reference: text('Of Registry: REGISTRY/NAME[:TAG].', { pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]*$', most: 512 }) },
  [
    {
      rule: "(self.kind == 'Registry') == has(self.reference)",
      message: 'a reference is for kind Registry, and needed there',
    },
  ],
);
const retention = object(
  'When this object goes. The archive on its node stays: a kubelet removes none.',
  {},
  {
    ttl: duration('So long after its end.'),
    keep: number('So many newest ones of the same pod and container stay.', 1, 10_000),
  },
);
const quarantine = object(
  'Shut the pod off from the network until this object is deleted.',
  {
    mode: choice(
      'Label: a label and a policy that denies all; what other policies allow the pod stays allowed. Detach: all other labels go, too, so that no other policy, Service or ReplicaSet selects it.',
      ['Label', 'Detach'],
    ),
  },
  {
    when: choice('Before the capture, or once it is over, however it ended.', ['Before', 'After'], 'After'),
  },
);

/** What a policy or schedule says of the Checkpoints that it makes. */
export const wishes = {
  container: containerName,
  timeoutSeconds: number('Seconds that the node’s runtime may take.', 120, 86_400, 600),
  destination,
  retention,
  quarantine,
};

const count = (of: string) => number(`Findings of severity ${of}.`, 0, 1_000_000);
/** What an inspection of the archive found. */
export const findings = object(
  'How much an inspection of the archive found.',
  {},
  {
    critical: count('critical'),
    high: count('high'),
    medium: count('medium'),
    low: count('low'),
    info: count('info'),
    rules: listOf('Rules of the gravest ones.', text('A rule.', { pattern: '^[A-Za-z0-9._/-]+$', most: 128 }), {
      most: 20,
    }),
  },
);
export type Findings = Of<typeof findings>;
