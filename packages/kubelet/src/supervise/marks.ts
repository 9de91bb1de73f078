/** Labels and annotations by which pods of manifests are known in a runtime: a kubelet's own, and two of ours. */
import { createHash } from 'node:crypto';
import type { Container, Pod } from '../manifest/pod-schema.ts';

const POD_NAME = 'io.kubernetes.pod.name';
const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';
const HASH = 'io.kubernetes.container.hash';
const RESTART_COUNT = 'io.kubernetes.container.restartCount';
export const PRE_STOP = 'io.kubernetes.container.preStopHandler';
export const GRACE = 'io.kubernetes.pod.terminationGracePeriod';
export const PORTS = 'io.kubernetes.container.ports';
const MESSAGE_PATH = 'io.kubernetes.container.terminationMessagePath';
const MESSAGE_POLICY = 'io.kubernetes.container.terminationMessagePolicy';

/** Of a sandbox: the folder of whoever keeps it, and the manifest that it comes from. */
export const OWNER = 'io.stillframe.pod/owner';
export const MANIFEST = 'io.stillframe.pod/manifest';

/** One for each content, file and node, as a kubelet's for a static pod. */
export function uidOf(written: unknown, nodeName: string, file: string): string {
  const told = JSON.stringify([written, `host:${nodeName}`, `file:${file}`]);
  return createHash('sha256').update(told).digest('hex').slice(0, 32);
}

export function podLabels({ metadata }: Pod, uid: string): Record<string, string> {
  return {
    ...metadata.labels,
    [POD_NAME]: metadata.name,
    [POD_NAMESPACE]: metadata.namespace,
    [POD_UID]: uid,
  };
}

export function containerLabels({ metadata }: Pod, uid: string, container: string): Record<string, string> {
  return {
    [CONTAINER_NAME]: container,
    [POD_NAME]: metadata.name,
    [POD_NAMESPACE]: metadata.namespace,
    [POD_UID]: uid,
  };
}

/** Those of the pod go along: a node's own (`io.stillframe.…`) are of the container. */
export function containerAnnotations(pod: Pod, container: Container, attempt: number): Record<string, string> {
  const { preStop } = container.lifecycle;
  const own = Object.entries(pod.metadata.annotations).filter(([key]) => key.startsWith('io.stillframe.'));
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  const connects = probes.some((probe) => probe && !probe.exec);
  return {
    // A connection that a probe is just making is no reason to refuse a checkpoint.
    ...(connects ? { 'io.stillframe.criu/skip-in-flight': 'true' } : {}),
    ...Object.fromEntries(own),
    [HASH]: createHash('sha256').update(JSON.stringify(container)).digest('hex').slice(0, 8),
    [RESTART_COUNT]: String(attempt),
    [MESSAGE_PATH]: container.terminationMessagePath,
    [MESSAGE_POLICY]: container.terminationMessagePolicy,
    [GRACE]: String(pod.spec.terminationGracePeriodSeconds),
    ...(preStop ? { [PRE_STOP]: JSON.stringify({ preStop }) } : {}),
    ...(container.ports.length > 0 ? { [PORTS]: JSON.stringify(container.ports) } : {}),
  };
}
