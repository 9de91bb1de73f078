/** Whose a checkpoint is, by its name and by evidence that agrees with it: a name may leave a choice. */
import type { RecordedCapture } from '@stillframe/evidence';
import type { ContainerAddress, ParsedArchiveName } from '@stillframe/kubelet/names';
import type { CheckpointUnit, UnitOwner } from './unit.ts';

/** Addresses that evidence chose, by stem; undefined where two pieces of evidence disagree. */
export type KnownAddresses = Map<string, ContainerAddress | undefined>;

/** Notes what evidence says of a name, if it is one of the addresses that give it. */
export function learn(known: KnownAddresses, { stem, addresses }: ParsedArchiveName, evidence: RecordedCapture): void {
  const { name, podName, kubeNamespace } = evidence.container ?? {};
  const chosen = addresses.find(
    (each) => each.container === name && each.pod === podName && each.kubeNamespace === kubeNamespace,
  );
  if (!chosen) return;
  const before = known.has(stem) ? known.get(stem) : chosen;
  known.set(stem, before && sameAddress(before, chosen) ? chosen : undefined);
}

/** The owner by name and what was learned; without a choice made, the groups are as small as the name allows. */
export function ownerOf(
  { stem, addresses }: ParsedArchiveName,
  known: KnownAddresses,
): Pick<CheckpointUnit, 'owner' | 'groups' | 'address'> {
  const address = addresses.length === 1 ? addresses[0] : known.get(stem);
  if (address) {
    const { kubeNamespace, pod, container } = address;
    return {
      owner: { kubeNamespace, pod, container, text: `${kubeNamespace}/${pod}/${container}` },
      groups: groupsOf(kubeNamespace, pod, container),
      address: [kubeNamespace, pod, container],
    };
  }
  const [first] = addresses;
  const pod = first?.pod ?? '';
  const scope = first ? `${first.kubeNamespace}-${first.container}` : '';
  const owner: UnitOwner = { kubeNamespace: undefined, pod, container: undefined, text: `${scope} of ${pod}` };
  const group = JSON.stringify([stem]);
  return { owner, groups: { container: group, pod: group, namespace: group }, address: [] };
}

/** The owner of a pod's checkpoint; those of its containers alone are counted apart from it. */
export function podOwner(kubeNamespace: string, pod: string): Pick<CheckpointUnit, 'owner' | 'groups' | 'address'> {
  const owner = { kubeNamespace, pod, container: undefined, text: `${kubeNamespace}/${pod}` };
  return { owner, groups: groupsOf(kubeNamespace, pod, undefined), address: [kubeNamespace, pod] };
}

/** Keys of the groups, which differ where any of the names does. */
export function groupsOf(kubeNamespace: string, pod: string, container: string | undefined): CheckpointUnit['groups'] {
  return {
    container: JSON.stringify([kubeNamespace, pod, ...(container === undefined ? [] : [container])]),
    pod: JSON.stringify([kubeNamespace, pod]),
    namespace: JSON.stringify([kubeNamespace]),
  };
}

function sameAddress(a: ContainerAddress, b: ContainerAddress): boolean {
  return a.container === b.container && a.pod === b.pod && a.kubeNamespace === b.kubeNamespace;
}
