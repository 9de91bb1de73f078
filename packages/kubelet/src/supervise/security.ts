/** Who a container is and what it may do: pod and container together, in the CRI's words (kubelet, security_context). */
import { isAbsolute, join } from 'node:path';
import { type Image, SecurityProfile_ProfileType } from '@stillframe/cri/proto';
import { kubeletError } from '../errors.ts';
import type { Container, Pod } from '../manifest/pod-schema.ts';
import { groupsOf, namespaceOptions, policyOf } from './sandbox-config.ts';

/** What Kubernetes hides and what it makes read-only in every container that does not say otherwise. */
const MASKED = [
  ...['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list'],
  ...['/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap'],
];
const READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;
const KINDS = { RuntimeDefault, Unconfined, Localhost };

/** `image`: undefined where the runtime has none of that name. Throws ERR_KUBELET_CONTAINER for root where it may not be. */
export function securityOf(pod: Pod, container: Container, image: Image | undefined, seccompFolder: string) {
  const common = pod.spec.securityContext;
  const own = container.securityContext;
  const user = own.runAsUser ?? common.runAsUser;
  const group = own.runAsGroup ?? common.runAsGroup;
  if (own.runAsNonRoot ?? common.runAsNonRoot) demandNonRoot(user, image);
  const seccomp = own.seccompProfile ?? common.seccompProfile;
  const apparmor = own.appArmorProfile ?? common.appArmorProfile;
  const selinux = own.seLinuxOptions ?? common.seLinuxOptions;
  const open = own.privileged || own.procMount === 'Unmasked';
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: own.privileged ?? false,
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    maskedPaths: open ? [] : MASKED,
    readonlyPaths: open ? [] : READONLY,
    supplementalGroups: groupsOf(pod),
    supplementalGroupsPolicy: policyOf(pod),
    seccomp: own.privileged ? { profileType: Unconfined } : seccompOf(seccomp, seccompFolder),
    ...(apparmor
      ? { apparmor: { profileType: KINDS[apparmor.type], localhostRef: apparmor.localhostProfile ?? '' } }
      : {}),
    ...(selinux ? { selinuxOptions: selinux } : {}),
    ...userOf(user, group, image),
  };
}

/** A group needs a user: without one in the manifest, that of the image. */
function userOf(user: number | undefined, group: number | undefined, image: Image | undefined) {
  const own = group === undefined ? {} : { runAsGroup: { value: BigInt(group) } };
  if (user !== undefined) return { runAsUser: { value: BigInt(user) }, ...own };
  if (group === undefined) return {};
  if (image?.username) return { runAsUsername: image.username, ...own };
  return { runAsUser: { value: image?.uid?.value ?? 0n }, ...own };
}

function seccompOf(profile: Pod['spec']['securityContext']['seccompProfile'], folder: string) {
  // Kubernetes itself confines nobody who does not ask for it.
  if (!profile) return { profileType: Unconfined };
  const { type, localhostProfile = '' } = profile;
  const path = isAbsolute(localhostProfile) ? localhostProfile : join(folder, localhostProfile);
  return { profileType: KINDS[type], ...(type === 'Localhost' ? { localhostRef: path } : {}) };
}

function demandNonRoot(user: number | undefined, image: Image | undefined): void {
  const refuse = (why: string) => kubeletError('ERR_KUBELET_CONTAINER', `container has runAsNonRoot and ${why}`);
  if (user === 0) throw refuse('runAsUser 0');
  if (user !== undefined) return;
  if (image?.username) throw refuse('the image has a user by name, so that it cannot be told whether that is root');
  if (image?.uid === undefined) throw refuse('nothing says which user the image has');
  if (image.uid.value === 0n) throw refuse('the image will run as root');
}
