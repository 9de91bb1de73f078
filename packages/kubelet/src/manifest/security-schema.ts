/** Who a container is and what it may do (core/v1 PodSecurityContext, SecurityContext). */
import { checked, flag, list, matching, needed, oneOf, type Reader, refused, shape, text, whole } from './reader.ts';
import { innerPath } from './words.ts';

/** User and group ids; the last of 32 bits means none. */
const account = whole(0, 2 ** 32 - 2);
const capability = matching('a capability without CAP_, or ALL', (name) => /^[A-Z][A-Z_]{0,40}$/.test(name));

export interface Profile {
  type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhostProfile?: string | undefined;
}

function profile(localhost: Reader<string>): Reader<Profile> {
  const fields = { type: needed(oneOf('RuntimeDefault', 'Unconfined', 'Localhost')), localhostProfile: localhost };
  return checked(shape(fields), ({ type, localhostProfile }, path, add) => {
    if ((type === 'Localhost') === (localhostProfile !== undefined)) return;
    add(`${path}.localhostProfile`, 'must be given for the type Localhost and for no other');
  });
}

const shared = {
  runAsUser: account,
  runAsGroup: account,
  runAsNonRoot: flag,
  seLinuxOptions: shape({ user: text, role: text, type: text, level: text }),
  seccompProfile: profile(innerPath),
  appArmorProfile: profile(matching('the name of a profile', (name) => /^[\x21-\x7e]{1,4096}$/.test(name))),
  windowsOptions: refused('this is Linux'),
};

export const podSecurity = shape({
  ...shared,
  fsGroup: account,
  fsGroupChangePolicy: oneOf('Always', 'OnRootMismatch'),
  supplementalGroups: list(account, 1000),
  supplementalGroupsPolicy: oneOf('Merge', 'Strict'),
  seLinuxChangePolicy: refused('volumes are not relabelled'),
  sysctls: list(
    shape({ name: needed(matching('a setting', (name) => /^[\w./-]{1,253}$/.test(name))), value: needed(text) }),
  ),
});

export const containerSecurity = checked(
  shape({
    ...shared,
    allowPrivilegeEscalation: flag,
    capabilities: shape({ add: list(capability, 100), drop: list(capability, 100) }),
    privileged: flag,
    procMount: oneOf('Default', 'Unmasked'),
    readOnlyRootFilesystem: flag,
  }),
  ({ privileged, allowPrivilegeEscalation, capabilities }, path, add) => {
    if (allowPrivilegeEscalation !== false) return;
    if (privileged) add(`${path}.allowPrivilegeEscalation`, 'must not be false beside privileged');
    if (capabilities?.add?.includes('SYS_ADMIN'))
      add(`${path}.allowPrivilegeEscalation`, 'must not be false beside the capability SYS_ADMIN');
  },
);
