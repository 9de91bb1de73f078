/** A Lease (`coordination.k8s.io/v1`) as it stands in the cluster. */
import { at, type JsonObject, textAt } from '@stillframe/core';
import { apiPath } from '@stillframe/kubernetes';

export interface LeaseName {
  readonly kubeNamespace: string;
  readonly name: string;
}

/** What of a Lease decides. */
export interface LeaseRecord {
  readonly holder: string;
  readonly seconds: number;
  readonly transitions: number;
  readonly acquired: string;
  /** Changes with every renewal, so that nobody's clock has to be believed. */
  readonly resourceVersion: string;
}

export function leasesPath({ kubeNamespace }: LeaseName): string {
  return apiPath('apis', 'coordination.k8s.io', 'v1', 'namespaces', kubeNamespace, 'leases');
}

export function recordOf(document: JsonObject): LeaseRecord {
  const seconds = Number(at(document, 'spec', 'leaseDurationSeconds'));
  const transitions = Number(at(document, 'spec', 'leaseTransitions'));
  return {
    holder: textAt(document, 'spec', 'holderIdentity'),
    seconds: seconds > 0 && seconds <= 3600 ? seconds : 15,
    transitions: Number.isInteger(transitions) && transitions > 0 ? transitions : 0,
    acquired: textAt(document, 'spec', 'acquireTime'),
    resourceVersion: textAt(document, 'metadata', 'resourceVersion'),
  };
}

/** The document of a Lease; without a version it must not be there yet. */
export function leaseDocument(
  name: LeaseName,
  record: Omit<LeaseRecord, 'resourceVersion'>,
  now: number,
  version?: string,
) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: name.name,
      namespace: name.kubeNamespace,
      ...(version === undefined ? {} : { resourceVersion: version }),
    },
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.seconds,
      leaseTransitions: record.transitions,
      acquireTime: record.acquired,
      renewTime: microTime(now),
    },
  };
}

/** `metav1.MicroTime`. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
