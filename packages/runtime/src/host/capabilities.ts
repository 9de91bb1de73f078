/** Capability sets as /proc/<pid>/status writes them (proc(5) CapEff; numbers of capabilities(7)). */

/** Names by bit, lowest first; the last is CAP_CHECKPOINT_RESTORE. */
const NAMES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** The names in the CapEff line of a `status` text; undefined where it has none. Bits without a name are left out. */
export function effectiveCapabilities(status: string): ReadonlySet<string> | undefined {
  const digits = /^CapEff:\s*([0-9a-fA-F]{1,16})$/m.exec(status)?.[1];
  if (digits === undefined) return undefined;
  const set = BigInt(`0x${digits}`);
  return new Set(NAMES.filter((_name, bit) => ((set >> BigInt(bit)) & 1n) === 1n));
}

/** The set of these names as a mask by number; names that are not known are left out. */
export function capabilityMask(names: readonly string[]): bigint {
  return NAMES.reduce((mask, name, bit) => (names.includes(name) ? mask | (1n << BigInt(bit)) : mask), 0n);
}
