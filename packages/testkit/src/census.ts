/** A census of what a node may leave on its host, taken before and after: leak tests compare the two. */

import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Each list is sorted; an item stands in it as often as it was seen. Numbers of things are the lists' lengths. */
export interface Census {
  /** Of conmon, runc, crun, criu and a node of ours: `<pid> <arguments>`. */
  readonly processes: readonly string[];
  /** `<type> <root> on <mount point>` of every mount but those of `networkNamespaces`. */
  readonly mounts: readonly string[];
  /** Mount points of network namespaces that are kept by a bind mount. */
  readonly networkNamespaces: readonly string[];
  /** Folders of every cgroup hierarchy, of version 1 and 2. */
  readonly cgroups: readonly string[];
  /** Folders of containers in the state folders of OCI runtimes. */
  readonly runtimeState: readonly string[];
  /** Rules and chains that CRIU made to lock the network and did not take back. */
  readonly firewall: readonly string[];
}

export interface CensusOptions {
  /** State folders of OCI runtimes (`runc --root`) besides /run/runc. */
  readonly runtimeRoots?: readonly string[];
}

const PROGRAMS = new Set(['conmon', 'runc', 'crun', 'criu']);

/** Counts what is there now. What vanishes while it is looked at is not there. */
export async function takeCensus(options: CensusOptions = {}): Promise<Census> {
  const mountinfo = await textOf('/proc/self/mountinfo');
  const mounts = mountinfo.split('\n').filter(Boolean).map(mountOf);
  const isNetwork = (mount: Mount) => mount.type === 'nsfs' && mount.root.startsWith('net:');
  const roots = ['/run/runc', ...(options.runtimeRoots ?? [])];
  return {
    processes: await processes(),
    mounts: mounts
      .filter((mount) => !isNetwork(mount))
      .map(({ type, root, point }) => `${type} ${root} on ${point}`)
      .sort(),
    networkNamespaces: mounts
      .filter(isNetwork)
      .map(({ point }) => point)
      .sort(),
    cgroups: (await foldersBelow('/sys/fs/cgroup')).sort(),
    runtimeState: (await Promise.all(roots.map(foldersIn))).flat().sort(),
    firewall: firewall(),
  };
}

/**
 * What differs: `+ <list>: <item>` for what came, `- <list>: <item>` for what went, list by list. Empty where nothing
 * was left behind and nothing that belongs to others was taken away.
 */
export function differences(before: Census, after: Census): string[] {
  const lists = Object.keys(before) as (keyof Census)[];
  return lists.flatMap((list) => [
    ...surplus(after[list], before[list]).map((item) => `+ ${list}: ${item}`),
    ...surplus(before[list], after[list]).map((item) => `- ${list}: ${item}`),
  ]);
}

/**
 * What is left behind since `before`: what came and has `marker` in it, a word that only the caller's own things carry,
 * so that others may work on the same host. Returns early once nothing is left, at the latest after `within`
 * milliseconds (5,000 by default): processes that have ended wait for init to take them away.
 */
export async function leftBehind(
  before: Census,
  marker: string,
  options: CensusOptions & { within?: number } = {},
): Promise<string[]> {
  for (const deadline = Date.now() + (options.within ?? 5000); ; await delay(100)) {
    const came = differences(before, await takeCensus(options)).filter((line) => line.startsWith('+'));
    const ours = came.filter((line) => line.includes(marker));
    if (ours.length === 0 || Date.now() > deadline) return ours;
  }
}

/** The items of `all` that `known` does not have as often. */
function surplus(all: readonly string[], known: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const item of known) left.set(item, (left.get(item) ?? 0) + 1);
  return all.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}

interface Mount {
  type: string;
  root: string;
  point: string;
}

/** One line of proc(5) mountinfo; ids and options are left out, they change without a mount coming or going. */
function mountOf(line: string): Mount {
  const [, , , root = '', point = '', ...rest] = line.split(' ');
  return { type: rest[rest.indexOf('-') + 1] ?? '', root, point };
}

async function processes(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const argv = (await textOf(`/proc/${pid}/cmdline`)).split('\0').filter(Boolean);
    const comm = (await textOf(`/proc/${pid}/comm`)).trim();
    if (isOurs(comm, argv)) found.push(`${pid} ${argv.join(' ') || `[${comm}]`}`);
  }
  return found.sort();
}

function isOurs(comm: string, argv: readonly string[]): boolean {
  const names = argv.map((word) => basename(word));
  const first = names[0] ?? '';
  // runc's own children call themselves runc:[1:CHILD] and so on; a dead one not yet reaped has no arguments.
  if (PROGRAMS.has(first) || PROGRAMS.has(comm.split(':')[0] ?? '')) return true;
  // The private CRIU runs under its own loader.
  if (first.startsWith('ld-linux')) return names.includes('criu');
  const script = names.indexOf('stillframe.mjs');
  return script > 0 && names[script + 1] === 'node';
}

async function foldersBelow(folder: string): Promise<string[]> {
  const here = await foldersIn(folder);
  return [...here, ...(await Promise.all(here.map(foldersBelow))).flat()];
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Lines of iptables-save(8) of both protocols that name CRIU's chain, without their counters. */
function firewall(): string[] {
  return ['iptables-save', 'ip6tables-save'].flatMap((program) => {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    const { stdout } = spawnSync(program, [], { encoding: 'utf8', env: { ...process.env, PATH: path } });
    const lines = (stdout ?? '').split('\n').filter((line) => /\bCRIU\b/.test(line));
    return lines.map((line) => `${program}: ${line.replace(/\s*\[\d+:\d+\]\s*/, ' ').trim()}`);
  });
}
