/** Mounts of a request: sources made and resolved, propagation checked, and what config.json says of them. */
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import { systemCode, systemFact } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { MountRequest } from '../store/records.ts';

/** One entry of `mounts` in config.json (runtime-spec config.md). */
export interface SpecMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/** Options that a request may add to a bind mount (mount(8), those that hold for one mount and not its filesystem). */
const EXTRA_OPTIONS = new Set([
  ...['ro', 'rw', 'exec', 'noexec', 'suid', 'nosuid', 'dev', 'nodev', 'atime', 'noatime', 'diratime', 'nodiratime'],
  ...['relatime', 'norelatime', 'strictatime', 'nostrictatime', 'nosymfollow'],
]);

/** How propagation reads in mount options. */
const PROPAGATION = { private: 'rprivate', 'host-to-container': 'rslave', bidirectional: 'rshared' } as const;

/**
 * The mounts with sources that exist and are no links, for config.json. A source that is missing becomes a folder, as
 * kubelet expects of a runtime. Throws ERR_CONTAINER_INVALID for what can never be mounted as asked.
 */
export async function prepareMounts(mounts: readonly MountRequest[]): Promise<MountRequest[]> {
  const table = mounts.some(isShared) ? await mountTable() : [];
  const prepared: MountRequest[] = [];
  for (const mount of mounts) {
    checkMount(mount);
    const hostPath = await sourceOf(mount);
    if (isShared(mount)) checkPropagation(mount, hostPath, table);
    prepared.push({ ...mount, hostPath });
  }
  return prepared;
}

const isShared = ({ propagation = 'private' }: MountRequest) => propagation !== 'private';

function checkMount(mount: MountRequest): void {
  const where = `mount ${mount.hostPath} at ${mount.containerPath}`;
  if (!isAbsolute(mount.containerPath) || !isAbsolute(mount.hostPath)) {
    throw runtimeError('ERR_CONTAINER_INVALID', `${where}: both paths must be absolute`);
  }
  if (normalize(mount.containerPath) === '/') {
    throw runtimeError('ERR_CONTAINER_INVALID', `${where}: the root filesystem is the image's`);
  }
  if (mount.recursiveReadonly && (!mount.readonly || isShared(mount))) {
    throw runtimeError('ERR_CONTAINER_INVALID', `${where}: recursively read-only needs readonly and no propagation`);
  }
  const unknown = (mount.options ?? []).filter((option) => !EXTRA_OPTIONS.has(option));
  if (unknown.length > 0) {
    throw runtimeError('ERR_CONTAINER_INVALID', `${where}: unknown mount option ${JSON.stringify(unknown[0])}`);
  }
}

async function sourceOf({ hostPath, containerPath }: MountRequest): Promise<string> {
  try {
    return await realpath(hostPath);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw unusable(hostPath, containerPath, error);
  }
  try {
    await mkdir(hostPath, { recursive: true, mode: 0o755 });
    return await realpath(hostPath);
  } catch (error) {
    // A link that leads nowhere ends here, too.
    throw unusable(hostPath, containerPath, error);
  }
}

function unusable(hostPath: string, containerPath: string, cause: unknown) {
  return runtimeError('ERR_CONTAINER_INVALID', `mount at ${containerPath}: ${hostPath} ${systemFact(cause)}`, {
    cause,
  });
}

interface HostMount {
  point: string;
  /** A member of a group that mounts travel in, either way. */
  shared: boolean;
  /** Takes mounts from such a group. */
  follower: boolean;
}

/** Field 5 of a line is the mount point, field 7 and on up to a dash are optional (proc(5), mountinfo). */
async function mountTable(): Promise<HostMount[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => {
    const fields = line.split(' ');
    const optional = fields.slice(6, fields.indexOf('-', 6));
    const has = (word: string) => optional.some((field) => field.startsWith(`${word}:`));
    return { point: unescaped(fields[4] ?? ''), shared: has('shared'), follower: has('master') };
  });
}

/** Space, tab, newline and backslash stand as three octal digits in mountinfo. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function checkPropagation(mount: MountRequest, source: string, table: readonly HostMount[]): void {
  const points = table.filter(({ point }) => point === '/' || source === point || source.startsWith(`${point}/`));
  // Of several mounts on one point the last one is seen.
  const under = points.reduce<HostMount | undefined>(
    (best, each) => (best && best.point.length > each.point.length ? best : each),
    undefined,
  );
  const both = mount.propagation === 'bidirectional';
  if (under?.shared || (!both && under?.follower)) return;
  const need = both ? 'shared' : 'shared or a follower of a shared one';
  throw runtimeError(
    'ERR_CONTAINER_INVALID',
    `mount at ${mount.containerPath}: ${source} is on the mount ${under?.point ?? '?'}, which is not ${need}`,
    { hint: `make it so: mount --make-shared ${under?.point ?? ''}` },
  );
}

/** The entry of config.json for a mount whose source is prepared. */
export function bindMount(mount: MountRequest): SpecMount {
  const readonly = mount.recursiveReadonly ? ['ro', 'rro'] : [mount.readonly ? 'ro' : 'rw'];
  const options = ['rbind', PROPAGATION[mount.propagation ?? 'private'], ...readonly, ...(mount.options ?? [])];
  return { destination: normalize(mount.containerPath), type: 'bind', source: mount.hostPath, options };
}

/**
 * All mounts of a container in the order in which they must be made: outer before inner. A mount of the request takes
 * the place of a provided one at the same destination or below it.
 */
export function orderedMounts(provided: readonly SpecMount[], requested: readonly MountRequest[]): SpecMount[] {
  const own = requested.map(bindMount);
  const covered = (path: string) => own.some(({ destination: d }) => path === d || path.startsWith(`${d}/`));
  return [...provided.filter(({ destination }) => !covered(destination)), ...outerFirst(own)];
}

/** Mounts by the depth of where they go. */
export function outerFirst(mounts: readonly SpecMount[]): SpecMount[] {
  const depth = ({ destination }: SpecMount) => destination.split('/').filter(Boolean).length;
  return mounts.toSorted((one, other) => depth(one) - depth(other));
}

/** The root's own propagation must let through what the mounts in it ask for; undefined where none asks. */
export function rootfsPropagation(mounts: readonly MountRequest[]): string | undefined {
  if (mounts.some(({ propagation }) => propagation === 'bidirectional')) return 'rshared';
  return mounts.some(({ propagation }) => propagation === 'host-to-container') ? 'rslave' : undefined;
}
