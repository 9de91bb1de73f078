/** Names that crit prints for bits and values, by the table that a field's option names. Source: pycriu 4.2, Linux uapi. */

/** A bit, or several, and its name. */
export type NamedBit = readonly [name: string, bits: number];

const PROTECTION: readonly NamedBit[] = [
  ['PROT_READ', 1],
  ['PROT_WRITE', 2],
  ['PROT_EXEC', 4],
];

const MAPPING: readonly NamedBit[] = [
  ['MAP_SHARED', 1],
  ['MAP_PRIVATE', 2],
  ['MAP_DROPPABLE', 8],
  ['MAP_ANON', 0x20],
  ['MAP_GROWSDOWN', 0x100],
];

/** crit has no name for VMA_AREA_GUARD (bit 16), which it prints as a number. */
const VMA_STATUS: readonly NamedBit[] = [
  ['VMA_AREA_NONE', 0],
  ['VMA_AREA_REGULAR', 1 << 0],
  ['VMA_AREA_STACK', 1 << 1],
  ['VMA_AREA_VSYSCALL', 1 << 2],
  ['VMA_AREA_VDSO', 1 << 3],
  ['VMA_AREA_HEAP', 1 << 5],
  ['VMA_FILE_PRIVATE', 1 << 6],
  ['VMA_FILE_SHARED', 1 << 7],
  ['VMA_ANON_SHARED', 1 << 8],
  ['VMA_ANON_PRIVATE', 1 << 9],
  ['VMA_AREA_SYSVIPC', 1 << 10],
  ['VMA_AREA_SOCKET', 1 << 11],
  ['VMA_AREA_VVAR', 1 << 12],
  ['VMA_AREA_AIORING', 1 << 13],
  ['VMA_AREA_MEMFD', 1 << 14],
  ['VMA_AREA_SHSTK', 1 << 15],
  ['VMA_AREA_UPROBES', 1 << 17],
  ['VMA_UNSUPP', 2 ** 31],
];

/** The values of x86-64, whatever machine was dumped, as crit has it. */
const OPENED: readonly NamedBit[] = [
  ['O_WRONLY', 0o1],
  ['O_RDWR', 0o2],
  ['O_CREAT', 0o100],
  ['O_EXCL', 0o200],
  ['O_NOCTTY', 0o400],
  ['O_TRUNC', 0o1000],
  ['O_APPEND', 0o2000],
  ['O_NONBLOCK', 0o4000],
  ['O_DSYNC', 0o10000],
  ['FASYNC', 0o20000],
  ['O_DIRECT', 0o40000],
  ['O_LARGEFILE', 0o100000],
  ['O_DIRECTORY', 0o200000],
  ['O_NOFOLLOW', 0o400000],
  ['O_NOATIME', 0o1000000],
  ['O_CLOEXEC', 0o2000000],
];

const SEALS: readonly NamedBit[] = [
  ['F_SEAL_SEAL', 1],
  ['F_SEAL_SHRINK', 2],
  ['F_SEAL_GROW', 4],
  ['F_SEAL_WRITE', 8],
  ['F_SEAL_FUTURE_WRITE', 16],
];

const PAGES: readonly NamedBit[] = [
  ['PE_PARENT', 1],
  ['PE_LAZY', 2],
  ['PE_PRESENT', 4],
];

const FLAGS: Readonly<Record<string, readonly NamedBit[]>> = {
  'mmap.prot': PROTECTION,
  'mmap.flags': MAPPING,
  'mmap.status': VMA_STATUS,
  'rfile.flags': OPENED,
  'seals.flags': SEALS,
  'pmap.flags': PAGES,
};

const NAMES: Readonly<Record<string, Readonly<Record<string, Readonly<Record<number, string>>>>>> = {
  gen: { task_state: { 1: 'Alive', 3: 'Zombie', 6: 'Stopped' } },
  sk: {
    family: { 1: 'UNIX', 2: 'INET', 10: 'INET6', 16: 'NETLINK', 17: 'PACKET' },
    type: { 1: 'STREAM', 2: 'DGRAM', 3: 'RAW', 5: 'SEQPACKET', 10: 'PACKET' },
    state: {
      ...{ 1: 'ESTABLISHED', 2: 'SYN_SENT', 3: 'SYN_RECV', 4: 'FIN_WAIT1', 5: 'FIN_WAIT2', 6: 'TIME_WAIT' },
      ...{ 7: 'CLOSE', 8: 'CLOSE_WAIT', 9: 'LAST_ACK', 10: 'LISTEN' },
    },
    proto: { 0: 'IP', 6: 'TCP', 17: 'UDP', 136: 'UDPLITE' },
  },
};

/** Bits by name, joined by ` | `; what no name covers follows in base 16. Base 16 where the table is unknown. */
export function flagsText(value: bigint, table: string): string {
  const bits = FLAGS[table];
  if (bits === undefined) return `0x${value.toString(16)}`;
  const found = bits.filter(([, bit]) => (value & BigInt(bit)) !== 0n);
  const rest = bits.reduce((left, [, bit]) => left & ~BigInt(bit), value);
  const names = found.map(([name]) => name);
  return [...names, ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])].join(' | ');
}

/** The reverse of flagsText; undefined for what it does not write. */
export function flagsOf(text: string, table: string): bigint | undefined {
  if (text.trim() === '') return 0n;
  let value = 0n;
  for (const word of text.split('|').map((part) => part.trim())) {
    const bit = FLAGS[table]?.find(([name]) => name === word)?.[1];
    const number = bit === undefined ? integerOf(word) : BigInt(bit);
    if (number === undefined) return undefined;
    value |= number;
  }
  return value;
}

/** What a value of a field is called; undefined where it has no name. */
export function nameOfValue(table: string, field: string, value: bigint): string | undefined {
  return NAMES[table]?.[field]?.[Number(value)];
}

/** The value of a field that is called so; undefined where none is. */
export function valueOfName(table: string, field: string, name: string): bigint | undefined {
  const found = Object.entries(NAMES[table]?.[field] ?? {}).find(([, text]) => text === name);
  return found && BigInt(found[0]);
}

/** An integer in base 10, or 16 with `0x`, also as crit writes negative ones: `0x-1`. Undefined for anything else. */
export function integerOf(text: string): bigint | undefined {
  const match = /^(-?)(0x)?(-?)([0-9a-f]+)$/i.exec(text.trim());
  if (match === null || (match[2] === undefined && !/^[0-9]+$/.test(match[4] ?? ''))) return undefined;
  const size = BigInt(`${match[2] ?? ''}${match[4]}`);
  return match[1] === '' && match[3] === '' ? size : -size;
}
