/**
 * Capability gates: a test that needs more than Node.js says what, and is skipped by name where the machine lacks it.
 * `scripts/test.ts` holds the skips against expected-skips.txt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { findCriu, findPeer, findProgram, findSchema, isExecutable, type Peer, type Schema } from './peers.ts';

/** What a test may need. `checkpoint` is root, runc, conmon and a CRIU whose `criu check` is content. */
export type Capability =
  | 'linux'
  | 'root'
  | 'checkpoint'
  | 'sys-resource'
  | 'idmapped-mounts'
  | 'docker-registry'
  | 'versitygw'
  | 'helm'
  | 'skopeo'
  | 'age'
  | 'buildah'
  | 'socat'
  | 'systemd-analyze'
  | 'checkpointctl'
  | 'crit'
  | 'crun'
  | 'cni'
  | 'portmap'
  | 'catatonit'
  | 'perl'
  | 'python3'
  | 'tcpdump'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'redis'
  | 'gcc'
  | 'gdb'
  | 'erofs'
  | 'chromium'
  | 'yara'
  | Schema
  | 'xfs';

/** Why a capability is not there, in one line; undefined where it is. */
type Probe = () => string | undefined;

const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'];

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
  'idmapped-mounts': idmappedMounts,
  'docker-registry': program('docker-registry'),
  versitygw: program('versitygw'),
  helm: program('helm'),
  skopeo: program('skopeo'),
  age: () => program('age')() ?? program('age-keygen')(),
  buildah: program('buildah'),
  socat: program('socat'),
  'systemd-analyze': program('systemd-analyze'),
  xfs: () => program('mkfs.xfs')() ?? kernelKnows('xfs'),
  erofs: () => kernelKnows('erofs') ?? program('losetup')(),
  checkpointctl: peer('checkpointctl'),
  crit: peer('crit'),
  crun: peer('crun'),
  cni: () => cniPlugin('bridge'),
  portmap: () => cniPlugin('portmap') ?? program('iptables')(),
  catatonit: program('catatonit'),
  perl: () => program('perl')() ?? perlThreads(),
  python3: () => (isExecutable('/usr/bin/python3') ? undefined : 'no /usr/bin/python3'),
  tcpdump: program('tcpdump'),
  podman: program('podman'),
  containerd,
  'cri-o': () =>
    isExecutable(process.env['STILLFRAME_CRIO'] ?? '') ? undefined : 'STILLFRAME_CRIO names no program `crio`',
  redis: () => program('redis-server', 'redis-check-rdb')() ?? program('redis-cli')(),
  gcc: () => program('gcc')() ?? (existsSync('/usr/include/stdio.h') ? undefined : 'no headers of the C library'),
  gdb: program('gdb'),
  chromium: program('chromium'),
  yara: program('yara'),
  'stix-schemas': schema('stix-schemas'),
  'ocsf-schema': schema('ocsf-schema'),
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

/** Why the kernel has no such filesystem, which a module may still bring. */
function kernelKnows(filesystem: string): string | undefined {
  const known = readFileSync('/proc/filesystems', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(`\t${filesystem}`));
  if (known || spawnSync('modprobe', ['--quiet', filesystem]).status === 0) return undefined;
  return `the kernel has no ${filesystem}`;
}

function program(...names: string[]): Probe {
  return () => (names.some((name) => findProgram(name) !== undefined) ? undefined : `no ${names.join(', ')} in PATH`);
}

/** overlayfs takes layers that are mounted through a user namespace from Linux 5.19 on; what is seen here is that. */
function idmappedMounts(): string | undefined {
  if (findProgram('perl') === undefined) return 'no perl in PATH';
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 5 || (major === 5 && minor < 19)) return `Linux ${release()} is older than 5.19`;
  const { status } = spawnSync('unshare', ['--user', 'true'], { timeout: 10_000 });
  return status === 0 ? undefined : 'no user namespaces may be made';
}

function cniPlugin(name: string): string | undefined {
  return CNI_FOLDERS.some((folder) => isExecutable(join(folder, name))) ? undefined : `no CNI plugin ${name}`;
}

function containerd(): string | undefined {
  const path = findPeer('containerd');
  if (path === undefined) return peer('containerd')();
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const version = /\s(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
  return restoresContainers(version ?? '')
    ? undefined
    : `containerd ${version ?? 'of an unknown version'} restores no container`;
}

/**
 * Whether a containerd restores through CreateContainer without being told to (checkpoint-spec 4.1): 2.0 could not yet,
 * 2.2.7, 2.3.4 and their successors want a key in their configuration, 2.4 cannot any more.
 */
export function restoresContainers(version: string): boolean {
  const [major, minor, patch] = version.split('.').map(Number);
  if (major !== 2 || patch === undefined) return false;
  return minor === 1 || (minor === 2 && patch < 7) || (minor === 3 && patch < 4);
}

function peer(name: Peer): Probe {
  return () =>
    findPeer(name) === undefined
      ? `no private copy of ${name}, none in PATH, none named by an environment variable`
      : undefined;
}

function schema(name: Schema): Probe {
  return () => (findSchema(name) === undefined ? `no ${name}, which docs/export.md tells how to get` : undefined);
}

/** Asks the CRIU that the runtime would use. */
function criu(args: readonly string[], otherwise: string): string | undefined {
  const path = findCriu();
  if (path === undefined) return 'no criu';
  const { status, stderr } = spawnSync(path, [...args], { encoding: 'utf8', timeout: 30_000 });
  const said = stderr?.split('\n').find((line) => line.startsWith('Error'));
  return status === 0 ? undefined : `${otherwise}${said ? `: ${said}` : ''}`;
}

/** Debian's perl has threads, but perl-base alone does not have their module. */
function perlThreads(): string | undefined {
  const { status } = spawnSync('perl', ['-e', 'use threads; use Socket; use POSIX'], {
    stdio: 'ignore',
    timeout: 10_000,
  });
  return status === 0 ? undefined : 'perl has no threads';
}

function hasSysResource(): boolean {
  if (process.platform !== 'linux') return false;
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  // CAP_SYS_RESOURCE is number 24 (capabilities(7)).
  return ((BigInt(`0x${held}`) >> 24n) & 1n) === 1n;
}
