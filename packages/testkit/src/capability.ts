/**
 * Capability gates: a test that needs more than Node.js says what, and is skipped by name where the machine lacks it.
 * `scripts/test.ts` holds the skips against expected-skips.txt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer, findProgram, isExecutable, type Peer } from './peers.ts';

/** What a test may need. `checkpoint` is root, runc, conmon and a CRIU whose `criu check` is content. */
export type Capability =
  | 'linux'
  | 'root'
  | 'checkpoint'
  | 'sys-resource'
  | 'soft-dirty'
  | 'docker-registry'
  | 'skopeo'
  | 'socat'
  | 'checkpointctl'
  | 'crit'
  | 'chromium'
  | 'cni'
  | 'catatonit'
  | 'tcpdump'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'redis'
  | 'gcc'
  | 'gdb';

/** Why a capability is not there, in one line; undefined where it is. */
type Probe = () => string | undefined;

const CNI_BRIDGES = ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'];

/** THE table of capabilities. */
const PROBES: Readonly<Record<Capability, Probe>> = {
  linux: () => (process.platform === 'linux' ? undefined : `this is ${process.platform}`),
  root: () => (process.geteuid?.() === 0 ? undefined : 'not running as root'),
  checkpoint: () =>
    missingCapability('linux') ??
    missingCapability('root') ??
    program('runc')() ??
    program('conmon')() ??
    criu(['check'], 'criu check is not content'),
  'sys-resource': () => (hasSysResource() ? undefined : 'CAP_SYS_RESOURCE is not held'),
  'soft-dirty': () => criu(['check', '--feature', 'mem_dirty_track'], 'the kernel does not track changed pages'),
  'docker-registry': program('docker-registry'),
  skopeo: program('skopeo'),
  socat: program('socat'),
  checkpointctl: peer('checkpointctl'),
  crit: peer('crit'),
  cni: () => (CNI_BRIDGES.some(isExecutable) ? undefined : 'no CNI plugins'),
  catatonit: program('catatonit'),
  tcpdump: program('tcpdump'),
  podman: program('podman'),
  containerd,
  'cri-o': () =>
    process.env['STILLFRAME_CRIO']
      ? undefined
      : 'STILLFRAME_CRIO names no socket of a CRI-O that was started for tests',
  redis: () => program('redis-server', 'redis-check-rdb')() ?? program('redis-cli')(),
  gcc: () => program('gcc')() ?? (existsSync('/usr/include/stdio.h') ? undefined : 'no headers of the C library'),
  gdb: program('gdb'),
  chromium: program('chromium', 'chromium-browser', 'google-chrome'),
};

const answers = new Map<Capability, string | undefined>();

/** Why `capability` is missing here, in one line, or undefined where it is present. Asked once a process. */
export function missingCapability(capability: Capability): string | undefined {
  if (!answers.has(capability)) answers.set(capability, PROBES[capability]());
  return answers.get(capability);
}

/** Whether `name` is a capability of the table. */
export function isCapability(name: string): name is Capability {
  return Object.hasOwn(PROBES, name);
}

/**
 * Options for node:test's `test(name, options, fn)`: skips with `needs <capability>: <reason>` for the first of
 * `capabilities` that is missing. Such a skip must stand in expected-skips.txt as `<test name> | <capability>`.
 */
export function needs(...capabilities: Capability[]): { skip: false | string } {
  for (const capability of capabilities) {
    const reason = missingCapability(capability);
    if (reason !== undefined) return { skip: `needs ${capability}: ${reason}` };
  }
  return { skip: false };
}

function program(...names: string[]): Probe {
  return () => (names.some((name) => findProgram(name) !== undefined) ? undefined : `no ${names.join(', ')} in PATH`);
}

/** 2.0 could not restore yet, 2.3 can only where it is told to, 2.4 cannot any more. */
function containerd(): string | undefined {
  const path = findPeer('containerd');
  if (path === undefined) return peer('containerd')();
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const version = /\s(\d+\.\d+)\.\S+/.exec(stdout ?? '')?.[1];
  return version === '2.1' || version === '2.2'
    ? undefined
    : `containerd ${version ?? 'of an unknown version'} restores no container`;
}

function peer(name: Peer): Probe {
  return () =>
    findPeer(name) === undefined
      ? `no private copy of ${name}, none in PATH, none named by an environment variable`
      : undefined;
}

/** Asks the CRIU that the runtime would use; the order is that of locateCriu in @stillframe/runtime. */
function criu(args: readonly string[], otherwise: string): string | undefined {
  const home = process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu';
  const path = [process.env['STILLFRAME_CRIU'] ?? '', join(home, 'bin/criu')].find(isExecutable) ?? findProgram('criu');
  if (path === undefined) return 'no criu';
  const { status, stderr } = spawnSync(path, [...args], { encoding: 'utf8', timeout: 30_000 });
  const said = stderr?.split('\n').find((line) => line.startsWith('Error'));
  return status === 0 ? undefined : `${otherwise}${said ? `: ${said}` : ''}`;
}

function hasSysResource(): boolean {
  if (process.platform !== 'linux') return false;
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  // CAP_SYS_RESOURCE is number 24 (capabilities(7)).
  return ((BigInt(`0x${held}`) >> 24n) & 1n) === 1n;
}
