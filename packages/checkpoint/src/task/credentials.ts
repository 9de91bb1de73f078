/** Who a thread acts as and what it may do (creds_entry; credentials(7), capabilities(7)). Ids are those inside its user namespace. */
import type { creds_entry } from '@stillframe/criu-image/proto';
import { type BitNames, bitNames, maskOfWords } from './bit-names.ts';

/** The five sets, as /proc/PID/status has them. */
export interface CapabilitySets {
  readonly inheritable: BitNames;
  readonly permitted: BitNames;
  readonly effective: BitNames;
  readonly bounding: BitNames;
  readonly ambient: BitNames;
}

/** What the security module of the kernel says of a thread. Texts are raw. */
export interface SecurityLabel {
  /** AppArmor profile or SELinux context; undefined where none was recorded. */
  readonly profile: string | undefined;
  /** SELinux: the context that new sockets get. */
  readonly socketCreate: string | undefined;
  /** Bytes of AppArmor data; undefined for none. */
  readonly apparmorBytes: number | undefined;
}

/** All of creds_entry. */
export interface ThreadCredentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly suid: number;
  readonly sgid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  /** Supplementary. */
  readonly groups: readonly number[];
  readonly secureBits: BitNames;
  readonly capabilities: CapabilitySets;
  /** False also where CRIU left it out, which it does for 0. */
  readonly noNewPrivileges: boolean;
  readonly security: SecurityLabel;
}

/** Names such as CAP_KILL, by number (linux/capability.h of Linux 6.18). */
export const CAPABILITIES: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/** By bit (linux/securebits.h): each with the one that locks it. */
const SECURE_BITS = [
  ...['NOROOT', 'NO_SETUID_FIXUP', 'KEEP_CAPS', 'NO_CAP_AMBIENT_RAISE', 'EXEC_RESTRICT_FILE', 'EXEC_DENY_INTERACTIVE'],
].flatMap((name) => [`SECBIT_${name}`, `SECBIT_${name}_LOCKED`]);

/** Reads the credentials of one thread. */
export function credentialsOf(creds: creds_entry): ThreadCredentials {
  const { uid, gid, euid, egid, suid, sgid, fsuid, fsgid, groups } = creds;
  const set = (words: readonly number[]) => bitNames(maskOfWords(words), CAPABILITIES);
  return {
    ...{ uid, gid, euid, egid, suid, sgid, fsuid, fsgid, groups },
    secureBits: bitNames(BigInt(creds.secbits), SECURE_BITS),
    capabilities: {
      inheritable: set(creds.capInh),
      permitted: set(creds.capPrm),
      effective: set(creds.capEff),
      bounding: set(creds.capBnd),
      ambient: set(creds.capAmb),
    },
    noNewPrivileges: creds.noNewPrivs !== 0,
    security: {
      profile: creds.lsmProfile || undefined,
      socketCreate: creds.lsmSockcreate || undefined,
      apparmorBytes: creds.apparmorData.length || undefined,
    },
  };
}
