/** What CRIU gives back to each process and this host may not allow, or a sandbox does not want: changed in core images. */
import { type ImageSet, rewriteImage, type SignalOptions } from '@stillframe/criu-image';
import type { core_entry } from '@stillframe/criu-image/proto';

/** An image that takes the place of one of the set, by file name. */
export interface ImageEdit {
  image: string;
  bytes: Uint8Array;
}

/** What may be set here. */
export interface TaskBounds {
  /** The lowest oom_score_adj. */
  lowestOomScoreAdj: number;
  /** Hard limit that may not be exceeded, by number of the resource (setrlimit(2)); undefined: any. */
  hardLimits: readonly (bigint | undefined)[];
  /** Capabilities that a thread may hold or gain, a mask by number (capabilities(7)); any where left out. */
  capabilities?: bigint | undefined;
}

/** Names of the resources by number (setrlimit(2), the same on x86-64, arm64, riscv and s390). */
const RESOURCES = [
  ...['CPU', 'FSIZE', 'DATA', 'STACK', 'CORE', 'RSS', 'NPROC', 'NOFILE', 'MEMLOCK', 'AS', 'LOCKS'],
  ...['SIGPENDING', 'MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME'],
];
/** RLIM_INFINITY. */
const UNLIMITED = (1n << 64n) - 1n;

/**
 * Yields each core image with what exceeds `bounds` brought within them, and notes in words what was changed; the same
 * for many processes is noted once. Throws ERR_CRIU_EDIT_DAMAGED for an image that cannot be read whole.
 */
export async function* clampTasks(
  images: ImageSet,
  bounds: TaskBounds,
  notes: Set<string>,
  options: SignalOptions = {},
): AsyncGenerator<ImageEdit> {
  const change = (core: core_entry) =>
    [clampScore, clampLimits, clampCapabilities].map((clamp) => clamp(core, bounds, notes)).includes(true);
  for (const { kind, id, name } of images.images) {
    const source = kind.name === 'core' ? images.source('core', id) : undefined;
    const bytes = source && (await rewriteImage('core', source, change, options));
    if (bytes) yield { image: name, bytes };
  }
}

function clampScore({ tc }: core_entry, { lowestOomScoreAdj: lowest }: TaskBounds, notes: Set<string>): boolean {
  if (!tc || tc.oomScoreAdj >= lowest) return false;
  notes.add(`oom_score_adj ${tc.oomScoreAdj}: this node may set no less than ${lowest}`);
  tc.oomScoreAdj = lowest;
  return true;
}

function clampLimits({ tc }: core_entry, { hardLimits }: TaskBounds, notes: Set<string>): boolean {
  let changed = false;
  for (const [index, limit] of (tc?.rlimits?.rlimits ?? []).entries()) {
    const most = hardLimits[index];
    if (most === undefined || limit.max <= most) continue;
    const was = limit.max === UNLIMITED ? 'unlimited' : String(limit.max);
    notes.add(`limit ${RESOURCES[index] ?? index} ${was}: this node may set no more than ${most}`);
    limit.max = most;
    if (limit.cur > most) limit.cur = most;
    changed = true;
  }
  return changed;
}

/** In every set, so that none of them can be gained again. */
function clampCapabilities(
  { threadCore }: core_entry,
  { capabilities: allowed }: TaskBounds,
  notes: Set<string>,
): boolean {
  const creds = threadCore?.creds;
  if (!creds || allowed === undefined) return false;
  let lost = 0n;
  for (const set of ['capInh', 'capPrm', 'capEff', 'capBnd', 'capAmb'] as const) {
    const words = creds[set];
    for (const [index, word] of words.entries()) {
      const mask = Number((allowed >> BigInt(32 * index)) & 0xffffffffn);
      lost |= BigInt((word & ~mask) >>> 0) << BigInt(32 * index);
      words[index] = (word & mask) >>> 0;
    }
  }
  if (lost === 0n) return false;
  notes.add(`capabilities 0x${lost.toString(16)}: not in this sandbox`);
  return true;
}
