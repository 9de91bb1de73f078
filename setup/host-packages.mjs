/** Programs that the host must have, and the Debian and Ubuntu packages that bring them. */
import { existsSync, readdirSync } from 'node:fs';
import { find, fullPath, isExecutable, isStatic, loudly, quietly, say } from './programs.mjs';

/** One row a package: how its presence shows, and what does not work without it. */
const ROWS = [
  { package: 'runc', there: program('runc'), without: 'no container can run' },
  { package: 'conmon', there: program('conmon'), without: 'no container can run' },
  { package: 'iptables', there: program('iptables-restore'), without: 'CRIU cannot lock the network during a dump' },
  { package: 'util-linux', there: program('fallocate', 'unshare', 'nsenter'), without: 'no sandbox can be made' },
  { package: 'mount', there: program('mount', 'umount'), without: 'no root filesystem can be mounted' },
  { package: 'iproute2', there: program('ip'), without: 'no network namespace can be set up' },
  { package: 'socat', there: program('socat'), without: 'no container can be attached to and no port forwarded' },
  { package: 'bsdutils', there: program('script'), without: 'no command can be run on a terminal' },
  { package: 'attr', there: program('setfattr'), without: 'replaced folders of an image layer cannot be marked' },
  { package: 'tar', there: program('tar'), without: 'filesystem changes cannot be captured' },
  { package: 'curl', there: program('curl'), without: 'the demo cannot call the kubelet API' },
  { package: 'busybox-static', there: staticBusybox, without: 'the demo and the tests have no container to run' },
  {
    package: 'docker-registry',
    there: program('docker-registry'),
    unit: 'docker-registry.service',
    without: 'tests of a real registry are skipped',
  },
  {
    package: 'containernetworking-plugins',
    there: cniPlugins,
    without: 'pods have no network of their own but loopback',
  },
  { package: 'tcpdump', there: program('tcpdump'), without: 'no forensic sandbox can record what a copy sends' },
  {
    package: 'catatonit',
    there: program('catatonit'),
    without: 'the containers of a pod cannot share a PID namespace',
  },
];

/** Programs of others that only tests and benchmarks run beside ours. */
const PEER_ROWS = [
  { package: 'podman', there: program('podman'), unit: 'podman.socket', without: 'tests with podman are skipped' },
  {
    package: 'redis-server',
    there: program('redis-server', 'redis-cli'),
    unit: 'redis-server.service',
    without: 'tests with redis are skipped',
  },
  { package: 'skopeo', there: program('skopeo'), without: 'tests with skopeo are skipped' },
  { package: 'age', there: program('age', 'age-keygen'), without: 'tests with age are skipped' },
  { package: 'buildah', there: program('buildah'), without: 'tests with buildah are skipped' },
  { package: 'gcc', there: program('gcc'), without: 'tests that build a program of their own are skipped' },
  {
    package: 'libc6-dev',
    there: () => existsSync('/usr/include/stdio.h'),
    without: 'tests that build a program of their own are skipped',
  },
  { package: 'xfsprogs', there: program('mkfs.xfs'), without: 'captures from a filesystem with clones are not tested' },
  { package: 'gdb', there: program('gdb'), without: 'core files are not opened with gdb' },
  { package: 'yara', there: program('yara'), without: 'YARA rules are not held against YARA’s own command' },
  { package: 'chromium', there: program('chromium'), without: 'neither reports nor the desk are opened in a browser' },
];

/** The rows whose program is not there; `peers`: with those that only tests need. */
export const missingPackages = ({ peers = false } = {}) =>
  [...ROWS, ...(peers ? PEER_ROWS : [])].filter(({ there }) => !there());

/** Why packages cannot be installed on this host, in one line, or undefined where they can. */
export function whyNoPackages() {
  if (process.platform !== 'linux') return 'this is no Linux';
  if (!find('apt-get')) return 'this system has no apt-get';
  return process.getuid?.() === 0 ? undefined : 'not running as root';
}

/** Installs the packages of `rows`. Returns the rows that could not be installed. */
export function installPackages(rows) {
  say(`installing ${rows.map((row) => row.package).join(' ')} (apt-get)`);
  const release = holdServices(rows);
  try {
    if (listsAreEmpty()) update();
    if (install(rows)) return [];
    // Names that are unknown or versions that have left the mirror both come of old lists.
    update();
    if (install(rows)) return [];
    // One that cannot be had must not keep out the others.
    return rows.filter((row) => !install([row]));
  } finally {
    release();
  }
}

function install(rows) {
  const words = ['install', '-y', '-q', '--no-install-recommends', ...rows.map((row) => row.package)];
  return aptGet(words) === 0;
}

function update() {
  if (aptGet(['update', '-q']) !== 0) say('apt-get update failed; going on with the lists that are there');
}

function aptGet(words) {
  const options = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3'];
  // RUNLEVEL makes invoke-rc.d(8) start nothing: one-user mode starts no services.
  const env = { ...process.env, PATH: fullPath(), DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return loudly('apt-get', [...options, ...words], { env });
}

function listsAreEmpty() {
  const folder = '/var/lib/apt/lists';
  return !existsSync(folder) || !readdirSync(folder).some((name) => /_(In)?Release$/.test(name));
}

/** Under systemd, keeps the packages' services from starting, now and at boot; returns what ends that. */
function holdServices(rows) {
  const units = existsSync('/run/systemd/system') ? rows.flatMap((row) => row.unit ?? []) : [];
  if (units.length === 0) return () => undefined;
  quietly('systemctl', ['mask', '--runtime', ...units]);
  return () => {
    quietly('systemctl', ['unmask', '--runtime', ...units]);
    quietly('systemctl', ['disable', ...units]);
  };
}

function program(...names) {
  return () => names.every((name) => find(name) !== undefined);
}

function staticBusybox() {
  const path = find('busybox');
  return path !== undefined && isStatic(path);
}

function cniPlugins() {
  return ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'].some(isExecutable);
}
