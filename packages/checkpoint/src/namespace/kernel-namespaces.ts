/** The kernel's namespaces of a dump: which there are, who is in them, and what CRIU recorded of each (ids images, inventory). */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { task_kobj_ids_entry, uid_gid_extent } from '@stillframe/criu-image/proto';
import type { SpecDump } from '../metadata/spec-dump.ts';
import { readProcesses } from '../process/process-tree.ts';

/** Names as in /proc/PID/ns. */
const nsKinds = ['pid', 'net', 'ipc', 'uts', 'mnt', 'user', 'cgroup', 'time'] as const;
/** One of them. */
export type NsKind = (typeof nsKinds)[number];

/** A run of ids: `count` of them from `inside` on are those from `outside` on of the namespace above. */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** One namespace. Text is raw. */
export interface KernelNamespace {
  readonly nsKind: NsKind;
  /** CRIU's number for it, unique within the dump only. */
  readonly id: number;
  /** Whether CRIU itself was in it: then it is the host's, as a rule. Undefined where the inventory does not say. */
  readonly ofDumper: boolean | undefined;
  /** Processes in it, ascending. */
  readonly pids: readonly number[];
  /** What the runtime calls it where CRIU does not restore it: a pod's namespace that the container had joined. */
  readonly externalKey: string | undefined;
  /** Of the runtime's specification: the file by which it was joined. Only where the container itself has one of the kind. */
  readonly joined: string | undefined;
  /** `uts`: names of the host inside. */
  readonly uts: { readonly nodeName: string; readonly domainName: string } | undefined;
  /** `user`. */
  readonly userMap: readonly IdMapping[] | undefined;
  readonly groupMap: readonly IdMapping[] | undefined;
  /** `time`: nanoseconds that its clocks showed at the dump. */
  readonly clocks: { readonly monotonic: bigint; readonly boottime: bigint } | undefined;
}

type Field = { [K in keyof task_kobj_ids_entry]: K extends `${string}NsId` ? K : never }[keyof task_kobj_ids_entry];
const FIELDS: Readonly<Record<NsKind, Field & string>> = {
  ...{ pid: 'pidNsId', net: 'netNsId', ipc: 'ipcNsId', uts: 'utsNsId' },
  ...{ mnt: 'mntNsId', user: 'userNsId', cgroup: 'cgroupNsId', time: 'timeNsId' },
};
/** Names of the runtime's specification, where they are others. */
const SPEC_NAMES: Readonly<Partial<Record<NsKind, string>>> = { net: 'network', mnt: 'mount' };
/** Mappings of one map that are told: the kernel takes 340. */
const MAPPINGS = 1000;

/** All namespaces that a living process is in, by kind and number. A process whose ids are not recorded is in none. */
export async function readKernelNamespaces(
  images: ImageSet,
  { spec, signal }: SignalOptions & { spec?: SpecDump | undefined } = {},
): Promise<readonly KernelNamespace[]> {
  const root = (await images.inventory({ signal }))?.rootIds;
  const members = await membersOf(images, { signal });
  const found: KernelNamespace[] = [];
  for (const nsKind of nsKinds) {
    const path = spec?.namespaces.find(({ type }) => type === (SPEC_NAMES[nsKind] ?? nsKind))?.path;
    for (const [id, pids] of [...members[nsKind]].sort(([a], [b]) => a - b)) {
      const ofDumper = root && Object.hasOwn(root, FIELDS[nsKind]) ? root[FIELDS[nsKind]] === id : undefined;
      found.push({
        nsKind,
        id,
        ofDumper,
        pids: pids.sort((a, b) => a - b),
        joined: path,
        ...NOTHING,
        ...(await detailsOf(images, nsKind, id, { signal })),
      });
    }
  }
  return found;
}

type Details = Pick<KernelNamespace, 'externalKey' | 'uts' | 'userMap' | 'groupMap' | 'clocks'>;
const NOTHING: Details = {
  ...{ externalKey: undefined, uts: undefined, userMap: undefined, groupMap: undefined, clocks: undefined },
};

/** Pids by kind and number. */
async function membersOf(images: ImageSet, options: SignalOptions): Promise<Record<NsKind, Map<number, number[]>>> {
  const members = Object.fromEntries(nsKinds.map((kind) => [kind, new Map<number, number[]>()]));
  for (const { pid } of await readProcesses(images, options)) {
    const ids =
      (await images.single('ids', pid, options)) ??
      // CRIU of before 1.0 kept them in the core image.
      (images.source('ids', pid) ? undefined : (await images.single('core', pid, options))?.ids);
    if (!ids) continue;
    for (const kind of nsKinds) {
      if (!Object.hasOwn(ids, FIELDS[kind])) continue;
      const pids = members[kind]?.get(ids[FIELDS[kind]]);
      if (pids === undefined) members[kind]?.set(ids[FIELDS[kind]], [pid]);
      else if (pids.at(-1) !== pid) pids.push(pid);
    }
  }
  return members as Record<NsKind, Map<number, number[]>>;
}

async function detailsOf(
  images: ImageSet,
  kind: NsKind,
  id: number,
  options: SignalOptions,
): Promise<Partial<Details>> {
  switch (kind) {
    case 'pid':
      return { externalKey: (await images.single('pidns', id, options))?.extKey || undefined };
    case 'net':
      return { externalKey: (await images.single('netns', id, options))?.extKey || undefined };
    case 'uts': {
      const names = await images.single('utsns', id, options);
      return { uts: names && { nodeName: names.nodename, domainName: names.domainname } };
    }
    case 'user': {
      const maps = await images.single('userns', id, options);
      return maps ? { userMap: mappingsOf(maps.uidMap), groupMap: mappingsOf(maps.gidMap) } : {};
    }
    case 'time': {
      // Where all processes are in the dumper's, CRIU writes its clocks under the number 0.
      const entry = (await images.single('timens', id, options)) ?? (await images.single('timens', 0, options));
      const nanoseconds = (time: { tvSec: bigint; tvNsec: bigint } | undefined) =>
        time === undefined ? 0n : time.tvSec * 1_000_000_000n + time.tvNsec;
      return {
        clocks: entry && { monotonic: nanoseconds(entry.monotonic), boottime: nanoseconds(entry.boottime) },
      };
    }
    default:
      return {};
  }
}

function mappingsOf(extents: readonly uid_gid_extent[]): readonly IdMapping[] {
  return extents
    .slice(0, MAPPINGS)
    .map(({ first, lowerFirst, count }) => ({ inside: first, outside: lowerFirst, count }));
}
