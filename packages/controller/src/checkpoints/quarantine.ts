/**
 * Shutting a pod off: a label that names the Checkpoint by its uid, and a network policy that denies all to what has it. The finalizer
 * stands before either is made, and goes once both are gone.
 */
import { at, isCode, isObject, type JsonObject, messageOf, orAbsent, textAt } from '@stillframe/core';
import { apiPath, networkPoliciesOf, podPath } from '@stillframe/kubernetes';
import type { Ports } from '../ports.ts';
import { bounded, type Fact, factOf } from '../resources/conditions.ts';
import { LABELS_BEFORE_ANNOTATION, QUARANTINE_FINALIZER, QUARANTINE_LABEL } from '../resources/names.ts';
import type { Checkpoint } from '../resources/object.ts';
import { writeFinalizers, writeStatus } from './write.ts';

/** Other policies that are named. */
const MOST_NAMED = 5;
const REFUSED = 'Refused';
/** Characters of labels that are noted. */
const MOST_LABELS = 16_384;

/** Whether it is to be made still. */
export function wantsQuarantine({ spec, status }: Checkpoint): boolean {
  const known = factOf(status.conditions, 'Quarantined');
  return spec.quarantine !== undefined && (known === undefined || known.reason === REFUSED);
}

/** Makes it, and says in a condition whether it holds. Throws what may be over in a moment. */
export async function quarantine(ports: Ports, checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint> {
  const { finalizers, kubeNamespace, uid } = checkpoint;
  const held = finalizers.includes(QUARANTINE_FINALIZER)
    ? checkpoint
    : await writeFinalizers(ports, checkpoint, [...finalizers, QUARANTINE_FINALIZER], { signal });
  const pod = await podOf(ports, held, signal);
  if (pod === undefined) {
    return await writeStatus(ports, held, {}, [shut('False', 'PodNotFound', 'the pod is not there any more')], {
      signal,
    });
  }
  const other = textAt(pod, 'metadata', 'labels', QUARANTINE_LABEL);
  // Whoever made the pod may have put any text there, so that nothing would be shut off: only a Checkpoint that is there counts.
  if (other !== '' && other !== uid && shutsOff(ports, held, other)) {
    // Neither how strong that is nor how long it lasts is this one's: it ends with the other.
    const message = `the Checkpoint with the uid ${other} shuts it off, and ends that when it is deleted`;
    return await writeStatus(ports, held, {}, [shut('Unknown', 'AlreadyQuarantined', message)], { signal });
  }
  try {
    const labelled = await shutOff(ports, held, pod, signal);
    const fact = await strengthOf(ports, kubeNamespace, labelled, uid, signal);
    const made = { networkPolicy: nameOf(uid), podUID: textAt(pod, 'metadata', 'uid') };
    return await writeStatus(ports, held, { quarantine: made }, [fact], { signal });
  } catch (error) {
    // Who looks at the object must see it, rather than who reads the log. What was made before that goes with the finalizer.
    if (isRefusal(error)) {
      const fact = shut('False', REFUSED, messageOf(error));
      const known = factOf(held.status.conditions, fact.type);
      if (known?.message !== bounded(fact.message)) await writeStatus(ports, held, {}, [fact], { signal });
    }
    throw error;
  }
}

/** Whether it was refused, rather than not possible at the moment. */
export function isRefusal(error: unknown): boolean {
  return isCode(error, 'ERR_CLUSTER_FORBIDDEN') || isCode(error, 'ERR_CLUSTER_REFUSED');
}

/** Makes the policy, and then what it selects. The pod as it is then. */
async function shutOff(
  ports: Ports,
  checkpoint: Checkpoint,
  pod: JsonObject,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { kubeNamespace, uid, spec } = checkpoint;
  const making = ports.api.create(policiesPath(kubeNamespace), policyOf(checkpoint), { signal });
  await orAbsent(making, 'ERR_CLUSTER_EXISTS');
  const change = labelsOf(pod, uid, spec.quarantine?.mode === 'Detach');
  const metadata = { uid: textAt(pod, 'metadata', 'uid'), ...change };
  return await ports.api.patch(podPath({ kubeNamespace, pod: spec.podName }), { metadata }, { signal });
}

/** Takes away what was made, and then the finalizer. What was changed by others since stays. */
export async function liftQuarantine(ports: Ports, checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
  const { finalizers, kubeNamespace, uid, spec } = checkpoint;
  if (!finalizers.includes(QUARANTINE_FINALIZER)) return;
  const { api } = ports;
  try {
    const pod = await api.get(podPath({ kubeNamespace, pod: spec.podName }), { signal });
    if (textAt(pod, 'metadata', 'labels', QUARANTINE_LABEL) === uid) {
      const metadata = { uid: textAt(pod, 'metadata', 'uid'), labels: { [QUARANTINE_LABEL]: null } };
      await api.patch(podPath({ kubeNamespace, pod: spec.podName }), { metadata }, { signal });
    }
  } catch (error) {
    if (!isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
  }
  await api.remove(policiesPath(kubeNamespace, nameOf(uid)), { signal });
  const rest = finalizers.filter((each) => each !== QUARANTINE_FINALIZER);
  await writeFinalizers(ports, checkpoint, rest, { signal });
}

function shutsOff({ checkpoints }: Ports, { kubeNamespace, spec }: Checkpoint, uid: string): boolean {
  return [...checkpoints.values()].some(
    (each) =>
      each.uid === uid &&
      each.kubeNamespace === kubeNamespace &&
      each.spec.podName === spec.podName &&
      !each.deleting &&
      each.finalizers.includes(QUARANTINE_FINALIZER),
  );
}

async function podOf(
  { api }: Ports,
  { kubeNamespace, spec, status }: Checkpoint,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  const wanted = status.pod?.uid ?? spec.podUID;
  const asked = api.get(podPath({ kubeNamespace, pod: spec.podName }), { signal });
  const pod = await orAbsent(asked, 'ERR_CLUSTER_NOT_FOUND');
  return wanted === undefined || wanted === textAt(pod, 'metadata', 'uid') ? pod : undefined;
}

function labelsOf(pod: JsonObject, uid: string, detaches: boolean): JsonObject {
  const found = at(pod, 'metadata', 'labels');
  const before = Object.keys(isObject(found) ? found : {}).filter((key) => key !== QUARANTINE_LABEL);
  if (!detaches || before.length === 0) return { labels: { [QUARANTINE_LABEL]: uid } };
  // In the same request as the labels go: no crash can lose them.
  const noted = JSON.stringify(Object.fromEntries(before.map((key) => [key, textAt(found, key)]))).slice(
    0,
    MOST_LABELS,
  );
  const gone = Object.fromEntries(before.map((key) => [key, null]));
  return { labels: { ...gone, [QUARANTINE_LABEL]: uid }, annotations: { [LABELS_BEFORE_ANNOTATION]: noted } };
}

/** Policies add up: one that denies all takes nothing from what another one allows. */
async function strengthOf(
  { api }: Ports,
  kubeNamespace: string,
  pod: JsonObject,
  uid: string,
  signal: AbortSignal,
): Promise<Fact> {
  if (at(pod, 'spec', 'hostNetwork') === true) {
    return shut('False', 'HostNetwork', 'the pod has the network of its node, which no network policy is about');
  }
  const found = await networkPoliciesOf(api, { kubeNamespace, document: pod }, { signal });
  const others = found
    .filter(({ selects, policy }) => selects && textAt(policy, 'metadata', 'name') !== nameOf(uid) && allows(policy))
    .map(({ policy }) => textAt(policy, 'metadata', 'name'));
  if (others.length === 0) {
    return shut(
      'True',
      'Denied',
      'no policy of its namespace allows it anything; whether the network honours policies is not known',
    );
  }
  const names = others.slice(0, MOST_NAMED).join(', ');
  return shut(
    'False',
    'OtherPoliciesAllow',
    `${others.length} other policies allow it something: ${names}; mode Detach avoids those that go by labels`,
  );
}

function allows(policy: unknown): boolean {
  return ['ingress', 'egress'].some((way) => {
    const rules = at(policy, 'spec', way);
    return Array.isArray(rules) && rules.length > 0;
  });
}

function shut(status: Fact['status'], reason: string, message: string): Fact {
  return { type: 'Quarantined', status, reason, message };
}

function nameOf(uid: string): string {
  return `stillframe-quarantine-${uid}`;
}

function policiesPath(kubeNamespace: string, ...name: readonly string[]): string {
  return apiPath('apis', 'networking.k8s.io', 'v1', 'namespaces', kubeNamespace, 'networkpolicies', ...name);
}

function policyOf({ uid, kubeNamespace, name }: Checkpoint) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: nameOf(uid),
      namespace: kubeNamespace,
      labels: { 'app.kubernetes.io/managed-by': 'stillframe' },
      annotations: { 'stillframe.io/checkpoint-name': name },
    },
    spec: {
      podSelector: { matchLabels: { [QUARANTINE_LABEL]: uid } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    },
  };
}
