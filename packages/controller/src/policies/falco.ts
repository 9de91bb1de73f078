/** An alert of Falco, as its `json_output` and falcosidekick send it: anything may stand in it. */
import { at, harmless, isObject, type JsonObject, textAt } from '@stillframe/core';
import type { PolicySpec } from '../resources/policy.ts';
import { PRIORITIES } from '../resources/policy.ts';
import type { PodFacts } from './pods.ts';

export interface FalcoAlert {
  readonly rule: string;
  readonly priority: (typeof PRIORITIES)[number];
  readonly output: string;
  readonly kubeNamespace: string;
  readonly pod: string;
  /** Where the alert says it. */
  readonly podUID: string | undefined;
  /** The beginning of it, as Falco has it: twelve digits. */
  readonly containerID: string | undefined;
}

const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const MOST = { rule: 256, output: 600 };

/** Undefined for one that names no pod, or is none. */
export function alertIn(document: JsonObject): FalcoAlert | undefined {
  const fields = at(document, 'output_fields');
  if (!isObject(fields)) return undefined;
  const [kubeNamespace, pod] = [textAt(fields, 'k8s.ns.name'), textAt(fields, 'k8s.pod.name')];
  const said = textAt(document, 'priority').toLowerCase();
  const priority = PRIORITIES.find(
    (each) => each.toLowerCase() === said || (each === 'Informational' && said === 'info'),
  );
  const rule = textAt(document, 'rule');
  if (!NAME.test(kubeNamespace) || !NAME.test(pod) || rule === '' || !priority) return undefined;
  const id = textAt(fields, 'container.id');
  const uid = textAt(fields, 'k8s.pod.uid');
  return {
    rule: harmless(rule.slice(0, MOST.rule)),
    priority,
    output: harmless(textAt(document, 'output').slice(0, MOST.output)),
    ...{ kubeNamespace, pod },
    podUID: /^[0-9a-f-]{36}$/.test(uid) ? uid : undefined,
    containerID: /^[0-9a-f]{12,64}$/.test(id) ? id : undefined,
  };
}

/** Whether a policy wants it. */
export function wantsAlert({ triggers }: PolicySpec, { rule, priority }: FalcoAlert): boolean {
  const falco = triggers?.falco;
  if (!falco) return false;
  const isGrave = PRIORITIES.indexOf(priority) <= PRIORITIES.indexOf(falco.priority ?? 'Warning');
  return isGrave && (falco.rules === undefined || falco.rules.includes(rule));
}

/** Which container an alert is about; undefined where it does not say. */
export function containerOf({ containerID }: FalcoAlert, pod: PodFacts): string | undefined {
  return containerID === undefined ? undefined : pod.running.find(({ id }) => id.startsWith(containerID))?.name;
}
