/**
 * THE table of CRIU image kinds. A new kind is one row here. Source: CRIU 4.2 image-desc.c and magic.h.
 * Several kinds share a magic or have none, so the file name decides what an image is and the magic must agree.
 * Left out: the page images of before 2012, which have the name of today's raw ones and no reader any more.
 */
import { type FramedKind, framed, type ImageKind, paddingTo, raw } from './kind.ts';
import type { MessageName, Messages } from './wire/shape.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** All kinds, in the order of checkpoint-spec 7.2: tasks, memory, files, sockets, confinement, namespaces, others. */
export const kinds = [
  framed('inventory', '', 'INVENTORY', 0x58313116, 'inventory_entry'),
  framed('pstree', '', 'PSTREE', 0x50273030, 'pstree_entry'),
  framed('core', '%u', 'CORE', 0x55053847, 'core_entry', { perTask: true }),
  framed('ids', '%u', 'IDS', 0x54432030, 'task_kobj_ids_entry', { perTask: true }),
  framed('fs', '%u', 'FS', 0x51403912, 'fs_entry', { perTask: true }),
  framed('creds', '%u', 'CREDS', 0x54023547, 'creds_entry', { perTask: true, legacy: true }),
  framed('sigacts', '%u', 'SIGACT', 0x55344201, 'sa_entry', { perTask: true, legacy: true }),
  framed('itimers', '%u', 'ITIMERS', 0x57464056, 'itimer_entry', { perTask: true, legacy: true }),
  framed('posix-timers', '%u', 'POSIX_TIMERS', 0x52603957, 'posix_timer_entry', {
    perTask: true,
    legacy: true,
  }),
  framed('rlimit', '%u', 'RLIMIT', 0x57113925, 'rlimit_entry', { perTask: true, legacy: true }),
  framed('signal-s', '%u', 'SIGNAL', 0x59255647, 'siginfo_entry', { perTask: true, legacy: true }),
  framed('signal-p', '%u', 'SIGNAL', 0x59255647, 'siginfo_entry', { perTask: true, legacy: true }),

  // Half a million VMAs, eight times what the kernel allows unless it is told otherwise.
  framed('mm', '%u', 'MM', 0x57492820, 'mm_entry', { perTask: true, messageLimit: 32 << 20 }),
  framed('vmas', '%u', 'VMAS', 0x54123737, 'vma_entry', { perTask: true, legacy: true }),
  framed('pagemap', '%u', 'PAGEMAP', 0x56084025, 'pagemap_entry', {
    head: 'pagemap_head',
    perTask: true,
  }),
  framed('pagemap-shmem', '%u', 'PAGEMAP', 0x56084025, 'pagemap_entry', { head: 'pagemap_head' }),
  raw('pages', 'pages-%u.img', { perTask: true }),
  raw('pages-shmem', 'pages-shmem-%u.img', { legacy: true }),
  framed('memfd', '', 'MEMFD_INODE', 0x48453499, 'memfd_inode_entry'),

  framed('fdinfo', '%u', 'FDINFO', 0x56213732, 'fdinfo_entry', { perTask: true }),
  framed('files', '', 'FILES', 0x56303138, 'file_entry'),
  framed('reg-files', '', 'REG_FILES', 0x50363636, 'reg_file_entry', { legacy: true }),
  framed('ext-files', '', 'EXT_FILES', 0x59255641, 'ext_file_entry', { legacy: true }),
  framed('ns-files', '', 'NS_FILES', 0x61394011, 'ns_file_entry', { legacy: true }),
  framed('eventfd', '', 'EVENTFD_FILE', 0x44523722, 'eventfd_file_entry', { legacy: true }),
  framed('eventpoll', '', 'EVENTPOLL_FILE', 0x45023858, 'eventpoll_file_entry', { legacy: true }),
  framed('eventpoll-tfd', '', 'EVENTPOLL_TFD', 0x44433746, 'eventpoll_tfd_entry', { legacy: true }),
  framed('signalfd', '', 'SIGNALFD', 0x57323820, 'signalfd_entry', { legacy: true }),
  framed('timerfd', '', 'TIMERFD', 0x50493712, 'timerfd_entry', { legacy: true }),
  framed('inotify', '', 'INOTIFY_FILE', 0x48424431, 'inotify_file_entry', { legacy: true }),
  framed('inotify-wd', '', 'INOTIFY_WD', 0x54562009, 'inotify_wd_entry', { legacy: true }),
  framed('fanotify', '', 'FANOTIFY_FILE', 0x55096122, 'fanotify_file_entry', { legacy: true }),
  framed('fanotify-mark', '', 'FANOTIFY_MARK', 0x56506035, 'fanotify_mark_entry', { legacy: true }),
  framed('pipes', '', 'PIPES', 0x56513555, 'pipe_entry', { legacy: true }),
  framed('pipes-data', '', 'PIPES_DATA', 0x56453709, 'pipe_data_entry', {
    payload: ({ bytes }) => [{ name: 'data', bytes }],
  }),
  framed('fifo', '', 'FIFO', 0x58364939, 'fifo_entry', { legacy: true }),
  framed('fifo-data', '', 'FIFO_DATA', 0x59333054, 'pipe_data_entry', {
    payload: ({ bytes }) => [{ name: 'data', bytes }],
  }),
  framed('tty', '', 'TTY_FILES', 0x59433025, 'tty_file_entry', { legacy: true }),
  framed('tty-info', '', 'TTY_INFO', 0x59453036, 'tty_info_entry'),
  framed('tty-data', '', 'TTY_DATA', 0x59413026, 'tty_data_entry'),
  framed('tunfile', '', 'TUNFILE', 0x57143751, 'tunfile_entry', { legacy: true }),
  framed('pidfd', '', 'PIDFD', 0x54435556, 'pidfd_entry', { legacy: true }),
  framed('bpfmap-file', '', 'BPFMAP_FILE', 0x57506142, 'bpfmap_file_entry', { legacy: true }),
  framed('bpfmap-data', '', 'BPFMAP_DATA', 0x64324033, 'bpfmap_data_entry', {
    payload: ({ keysBytes, valuesBytes }) => [
      { name: 'keys', bytes: keysBytes },
      { name: 'values', bytes: valuesBytes },
    ],
  }),
  framed('filelocks', '', 'FILE_LOCKS', 0x54323616, 'file_lock_entry'),
  framed('remap-fpath', '', 'REMAP_FPATH', 0x59133954, 'remap_file_path_entry'),
  framed('ghost-file', '%x', 'GHOST_FILE', 0x52583605, 'ghost_chunk_entry', {
    head: 'ghost_file_entry',
    // A small regular file follows whole; a device or a symbolic link has no content.
    headPayload: ({ mode, chunks }) =>
      !chunks && (mode & S_IFMT) === S_IFREG ? [{ name: 'data', bytes: 'rest' }] : [],
    payload: ({ len }) => [{ name: 'data', bytes: len }],
  }),

  framed('unixsk', '', 'UNIXSK', 0x54373943, 'unix_sk_entry', { legacy: true }),
  framed('inetsk', '', 'INETSK', 0x56443851, 'inet_sk_entry', { legacy: true }),
  framed('packetsk', '', 'PACKETSK', 0x60454618, 'packet_sock_entry', { legacy: true }),
  framed('netlinksk', '', 'NETLINK_SK', 0x58005614, 'netlink_sk_entry', { legacy: true }),
  framed('sk-queues', '', 'SK_QUEUES', 0x56264026, 'sk_packet_entry', {
    payload: ({ length }) => [{ name: 'data', bytes: length }],
  }),
  framed('tcp-stream', '%x', 'TCP_STREAM', 0x51465506, 'tcp_stream_entry', {
    payload: ({ inqLen, outqLen }) => [
      { name: 'received', bytes: inqLen },
      { name: 'sent', bytes: outqLen },
    ],
  }),

  framed('seccomp', '', 'SECCOMP', 0x64413049, 'seccomp_entry'),
  framed('apparmor', '', 'APPARMOR', 0x59423047, 'apparmor_entry'),
  framed('cgroup', '', 'CGROUP', 0x59383330, 'cgroup_entry'),
  framed('cpuinfo', '', 'CPUINFO', 0x61404013, 'cpuinfo_entry'),

  framed('utsns', '%u', 'UTSNS', 0x54473203, 'utsns_entry'),
  framed('timens', '%u', 'TIMENS', 0x43114433, 'timens_entry'),
  framed('pidns', '%u', 'PIDNS', 0x61157326, 'pidns_entry'),
  framed('userns', '%u', 'USERNS', 0x55474906, 'userns_entry'),
  framed('ipcns-var', '%u', 'IPC_VAR', 0x53115007, 'ipc_var_entry'),
  framed('ipcns-shm', '%u', 'IPCNS_SHM', 0x46283044, 'ipc_shm_entry', {
    payload: ({ inPagemaps, size }) => (inPagemaps ? [] : [{ name: 'data', bytes: size, padding: paddingTo(size, 4) }]),
  }),
  framed('ipcns-msg', '%u', 'IPCNS_MSG', 0x55453737, 'ipc_msg_entry', {
    members: {
      message: 'ipc_msg',
      count: ({ qnum }) => qnum,
      payload: ({ msize }) => [{ name: 'data', bytes: msize, padding: paddingTo(msize, 8) }],
    },
  }),
  framed('ipcns-sem', '%u', 'IPCNS_SEM', 0x59573019, 'ipc_sem_entry', {
    payload: ({ nsems }) => [{ name: 'values', bytes: nsems * 2, padding: paddingTo(nsems * 2, 8) }],
  }),
  framed('mountpoints', '%u', 'MNTS', 0x55563928, 'mnt_entry'),
  framed('netdev', '%u', 'NETDEV', 0x57373951, 'net_device_entry'),
  framed('netns', '%u', 'NETNS', 0x55933752, 'netns_entry'),
  raw('ifaddr', 'ifaddr-%u.img'),
  raw('route', 'route-%u.img'),
  raw('route6', 'route6-%u.img'),
  raw('rule', 'rule-%u.img'),
  raw('iptables', 'iptables-%u.img'),
  raw('ip6tables', 'ip6tables-%u.img'),
  raw('nftables', 'nftables-%u.img'),
  raw('netns-ct', 'netns-ct-%u.img'),
  raw('netns-exp', 'netns-exp-%u.img'),

  framed('autofs', '%u', 'AUTOFS', 0x49353943, 'autofs_entry'),
  framed('binfmt-misc', '', 'BINFMT_MISC', 0x67343323, 'binfmt_misc_entry'),
  framed('binfmt-misc-old', '%u', 'BINFMT_MISC', 0x67343323, 'binfmt_misc_entry', {
    stem: 'binfmt-misc',
    legacy: true,
  }),
  raw('tmpfs-dev', 'tmpfs-dev-%u.tar.gz.img'),
  raw('tmpfs', 'tmpfs-%u.tar.gz.img', { legacy: true }),
  framed('stats-dump', '', 'STATS', 0x57093306, 'stats_entry', { service: true }),
  framed('stats-restore', '', 'STATS', 0x57093306, 'stats_entry', { service: true }),
  framed('irmap-cache', '', 'IRMAP_CACHE', 0x57004059, 'irmap_cache_entry', { service: true }),
] as const;

type Row = (typeof kinds)[number];
/** The name of any kind. */
export type KindName = Row['name'];
/** The name of a kind made of messages. */
export type FramedName = Extract<Row, { form: 'framed' }>['name'];
type RowOf<N extends KindName> = Extract<Row, { name: N }>;
type ShapeOf<D> = D extends MessageName ? Messages[D] : never;
/** The message of an entry of kind `N`: `EntryOf<'core'>` is core_entry. */
export type EntryOf<N extends FramedName> =
  RowOf<N> extends FramedKind<N, infer D, infer _H, infer _M> ? ShapeOf<D> : never;
/** The message before the entries of kind `N`; never where it has none. */
export type HeadOf<N extends FramedName> =
  RowOf<N> extends FramedKind<N, infer _D, infer H, infer _M> ? ShapeOf<H> : never;
/** The message of the members of an entry of kind `N`; never where it has none. */
export type MemberOf<N extends FramedName> =
  RowOf<N> extends FramedKind<N, infer _D, infer _H, infer M> ? ShapeOf<M> : never;

/** An image by its file name: the row of its kind and, for kinds of which a set may have several, its id. */
export interface NamedImage {
  name: string;
  kind: ImageKind & { name: KindName };
  /** A pid, tid, namespace id… as the kind has it; undefined where the kind has one image only. */
  id: number | undefined;
}

const rows: readonly (ImageKind & { name: KindName })[] = kinds;
const byMagic: ReadonlyMap<number | undefined, readonly KindName[]> = new Map(
  [...Map.groupBy(rows, ({ magic }) => magic)].map(([magic, kinds]) => [magic, kinds.map(({ name }) => name)]),
);
const byName = new Map(rows.map((kind) => [kind.name, kind]));
interface Pattern {
  readonly kind: ImageKind & { name: KindName };
  readonly radix: 10 | 16;
  readonly pattern: RegExp;
}
/** By what stands before the id; a dump of many processes has thousands of names, and each is looked at. */
const patterns = Map.groupBy(
  rows.map((kind): Pattern => ({ kind, radix: kind.file.includes('%x') ? 16 : 10, pattern: patternOf(kind.file) })),
  ({ kind }) => stemOf(kind.file),
);

/** The row of a kind. */
export function kindNamed(name: KindName): ImageKind & { name: KindName } {
  const kind = byName.get(name);
  if (kind === undefined) throw new TypeError(`no image kind is called ${name}`);
  return kind;
}

/**
 * The kind and id of an image, from its file name. Undefined for a file that is no CRIU image, also where the id is not
 * written as CRIU writes it (leading zeroes, upper case) or exceeds 2^53: two names must not mean one image.
 */
export function kindOfFile(fileName: string): NamedImage | undefined {
  for (const { kind, pattern, radix } of patterns.get(stemOf(fileName)) ?? []) {
    const match = pattern.exec(fileName);
    if (match === null) continue;
    const digits = match[1];
    if (digits === undefined) return { name: fileName, kind, id: undefined };
    const id = Number.parseInt(digits, radix);
    return Number.isSafeInteger(id) ? { name: fileName, kind, id } : undefined;
  }
  return undefined;
}

/** The file name of the image of a kind; the reverse of kindOfFile. Throws TypeError where the kind needs an id. */
export function fileNameOf(name: KindName, id?: number): string {
  return kindNamed(name).file.replace(/%[ux]/, (form) => {
    if (id === undefined) throw new TypeError(`an image of kind ${name} has an id`);
    return id.toString(form === '%x' ? 16 : 10);
  });
}

/** The first kind that CRIU calls so: `MNTS` is mountpoints. Kinds of one symbol are framed alike. Undefined for none. */
export function kindOfSymbol(symbol: string): (FramedKind & { name: FramedName }) | undefined {
  const isFramed = (kind: ImageKind & { name: KindName }) => kind.form === 'framed' && kind.symbol === symbol;
  return rows.find(isFramed) as (FramedKind & { name: FramedName }) | undefined;
}

/** The names of all kinds that have this magic: none, one, or several. */
export function kindsOfMagic(magic: number): readonly KindName[] {
  return byMagic.get(magic) ?? [];
}

/** What stands before the first dot, without the id at its end: of `core-17.img` and of `core-%u.img`, `core`. */
function stemOf(file: string): string {
  const stem = file.slice(0, file.includes('.') ? file.indexOf('.') : undefined);
  const dash = stem.lastIndexOf('-');
  const isID = dash >= 0 && (stem[dash + 1] === '%' || /^[0-9a-f]+$/.test(stem.slice(dash + 1)));
  return isID ? stem.slice(0, dash) : stem;
}

function patternOf(file: string): RegExp {
  const escaped = file.replaceAll('.', '\\.');
  return new RegExp(`^${escaped.replace('%u', '(0|[1-9][0-9]*)').replace('%x', '(0|[1-9a-f][0-9a-f]*)')}$`);
}
