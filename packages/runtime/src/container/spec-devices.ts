/** Host devices of a container: which nodes it gets and what the devices cgroup lets it do with them. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { runtimeError } from '../errors.ts';
import type { DeviceRequest } from '../store/records.ts';

/** One entry of `linux.devices` in config.json, with what the cgroup allows (runtime-spec config-linux.md). */
export interface SpecDevice {
  path: string;
  type: 'b' | 'c';
  major: number;
  minor: number;
  /** Permission bits of the node. */
  fileMode: number;
  uid: number;
  gid: number;
  /** Of the letters r, w and m. */
  access: string;
}

/** Folders and nodes below /dev that every container has of its own. */
const OWN = new Set(['pts', 'shm', 'mqueue', 'fd', 'console', 'ptmx', 'core', 'stdin', 'stdout', 'stderr']);
/** Nodes found below one folder before the request is refused. */
const LIMIT = 4096;

/**
 * Looks the devices up on the host; a folder stands for every device below it, and a privileged container gets all.
 * Throws ERR_CONTAINER_INVALID for a path that is no device and for unknown permissions.
 */
export async function prepareDevices(requests: readonly DeviceRequest[], privileged: boolean): Promise<SpecDevice[]> {
  const found = new Map<string, SpecDevice>();
  if (privileged) for (const device of await devicesBelow('/dev', '/dev', 'rwm')) found.set(device.path, device);
  for (const request of requests) {
    for (const device of await devicesOf(request)) found.set(device.path, device);
  }
  return [...found.values()];
}

async function devicesOf({ hostPath, containerPath, permissions }: DeviceRequest): Promise<SpecDevice[]> {
  const target = containerPath || hostPath;
  const access = permissions || 'rwm';
  if (!isAbsolute(hostPath) || !isAbsolute(target)) {
    throw runtimeError('ERR_CONTAINER_INVALID', `device ${hostPath} at ${target}: both paths must be absolute`);
  }
  if (!/^[rwm]+$/.test(access)) {
    throw runtimeError('ERR_CONTAINER_INVALID', `device ${hostPath}: permissions are made of r, w and m`);
  }
  const facts = await stat(hostPath).catch(() => undefined);
  if (facts?.isDirectory()) return devicesBelow(hostPath, target, access);
  const device = facts && deviceFrom(facts, target, access);
  if (!device) throw runtimeError('ERR_CONTAINER_INVALID', `${hostPath} is no device of this node`);
  return [device];
}

async function devicesBelow(folder: string, target: string, access: string): Promise<SpecDevice[]> {
  const found: SpecDevice[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const [path, inside] = [join(folder, entry.name), join(target, entry.name)];
    if (folder === '/dev' && OWN.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...(await devicesBelow(path, inside, access)));
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const device = await stat(path)
        .then((facts) => deviceFrom(facts, inside, access))
        .catch(() => undefined);
      if (device) found.push(device);
    }
    if (found.length > LIMIT) throw runtimeError('ERR_CONTAINER_INVALID', `more than ${LIMIT} devices below ${folder}`);
  }
  return found;
}

function deviceFrom(facts: Stats, path: string, access: string): SpecDevice | undefined {
  const type = facts.isCharacterDevice() ? 'c' : facts.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return undefined;
  const { rdev, mode, uid, gid } = facts;
  return { path, type, major: majorOf(rdev), minor: minorOf(rdev), fileMode: mode & 0o7777, uid, gid, access };
}

/** Device numbers as glibc packs them: 12 bits of the major at bit 8, the minor's low 8 bits below, the rest above. */
function majorOf(rdev: number): number {
  return Number((BigInt(rdev) >> 8n) & 0xfffn) + Number((BigInt(rdev) >> 32n) & 0xfffff000n);
}

function minorOf(rdev: number): number {
  return Number(BigInt(rdev) & 0xffn) + Number((BigInt(rdev) >> 12n) & 0xffffff00n);
}

/** The nodes for `linux.devices`. */
export function deviceNodes(devices: readonly SpecDevice[]) {
  return devices.map(({ access: _access, ...node }) => node);
}

/** The rules for `linux.resources.devices`: none but these, or all for a privileged container. */
export function deviceRules(devices: readonly SpecDevice[], privileged: boolean) {
  if (privileged) return [{ allow: true, access: 'rwm' }];
  const allowed = devices.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access }));
  return [{ allow: false, access: 'rwm' }, ...allowed];
}
