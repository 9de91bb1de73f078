/** Places of the host in a container, and how little it is shut off. */
import type { Severity, Suspicion } from '../finding.ts';
import { hostMounts, RUNTIME_SOCKET } from '../signs/host-mounts.ts';
import { programsOf } from '../signs/programs.ts';
import type { Rule } from './rule.ts';

/** Place of the host, how bad it is where it may be written, and where it may be read only. */
const PLACES: readonly (readonly [RegExp, Severity, Severity, string])[] = [
  [/^\/$/, 'critical', 'high', 'the whole host'],
  [/^\/(?:root|boot|usr|bin|sbin|lib|lib64)$/, 'high', 'medium', 'programs and files of the host’s system'],
  [
    /^\/etc(?:\/(?:passwd|shadow|group|sudoers(?:\.d)?|ssh|cron[^/]*|pam\.d|ld\.so\.[^/]+|systemd|profile(?:\.d)?))?$/,
    'high',
    'medium',
    'the configuration of the host',
  ],
  [
    /^\/etc\/(?:kubernetes|rancher|cni)(?:\/|$)|^\/var\/lib\/(?:etcd|rancher)(?:\/|$)|^\/opt\/cni(?:\/|$)/,
    'high',
    'medium',
    'the cluster’s own files',
  ],
  [/^\/home(?:\/[^/]+)?$/, 'medium', 'low', 'home folders of the host'],
  [
    /^\/proc(?:\/sys(?:\/kernel)?|\/\d+(?:\/.*)?|\/sysrq-trigger)?$/,
    'high',
    'medium',
    'the host’s processes and kernel',
  ],
  [/^\/sys(?:\/(?:kernel|fs|fs\/cgroup|module)(?:\/.*)?)?$/, 'medium', 'low', 'the host’s kernel'],
  [/^\/dev$/, 'high', 'medium', 'the host’s devices'],
  [/^\/dev\/(?:sd|hd|vd|xvd|nvme|dm-|mapper|mem$|kmem$|port$)/, 'high', 'high', 'a disk or the memory of the host'],
  [/^\/(?:var\/)?run$/, 'high', 'high', 'the sockets of the host'],
  [
    /^\/var\/lib\/kubelet(?:\/(?:pods|pki|config\.yaml|kubeconfig))?$/,
    'high',
    'medium',
    'the kubelet’s folder, with the tokens of every pod',
  ],
  [
    /^\/var\/lib\/(?:docker|containerd|containers|crio)(?:\/(?:overlay2|overlay|containers|storage|image))?$|^\/run\/(?:containerd|docker|crio|containers)$/,
    'high',
    'medium',
    'the files of every container',
  ],
  [/^\/var\/log(?:\/(?:pods|containers))?$/, 'medium', 'low', 'the host’s logs, in which links lead anywhere'],
];

export const hostMount: Rule = {
  id: 'host-mount',
  title: 'a place of the host is in the container',
  severity: 'medium',
  techniques: ['T1611'],
  why: 'Whoever writes to the host’s system files, or reads its keys, is out of the container.',
  benign:
    'What is meant to see the host: monitoring (/proc and /sys read-only), log collectors, storage and network plugins.',
  *judge(tables) {
    for (const { mountpoint, source, readOnly, reference } of hostMounts(tables)) {
      if (RUNTIME_SOCKET.test(source)) continue;
      const place = PLACES.find(([expression]) => expression.test(source));
      if (place === undefined) continue;
      const [, writable, readable, what] = place;
      yield {
        summary: `${source} of the host is mounted at ${mountpoint}, ${readOnly ? 'read-only' : 'writable'}: ${what}`,
        references: [reference],
        severity: readOnly ? readable : writable,
        details: { source, mountpoint, readOnly },
      };
    }
  },
};

export const runtimeSocket: Rule = {
  id: 'runtime-socket',
  title: 'the container reaches a container runtime',
  severity: 'high',
  techniques: ['T1611', 'T1610'],
  why: 'Over the socket of a runtime anybody makes a container with the whole host in it.',
  benign:
    'Tools that manage containers (Portainer, Traefik, Watchtower, CI runners, agents of monitoring) have it on purpose.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const { source, mountpoint, reference } of hostMounts(tables)) {
      if (!RUNTIME_SOCKET.test(source) && !RUNTIME_SOCKET.test(mountpoint)) continue;
      yield {
        summary: `${source} of the host is mounted at ${mountpoint}`,
        references: [reference],
        details: { source, mountpoint },
      };
    }
    const ends = new Map(
      tables.sockets.flatMap((each) => (each.family === 'unix' ? [[each.inode, each] as const] : [])),
    );
    for (const socket of tables.sockets) {
      if (socket.family !== 'unix' || !socket.external || !RUNTIME_SOCKET.test(socket.name)) continue;
      const [holder] = ends.get(socket.peerInode)?.holders ?? [];
      yield {
        summary: `${holder ? programs.label(holder.pid) : 'a process'} is connected to ${socket.name} outside of the container`,
        references: [{ kind: 'socket', fileId: socket.fileId }],
        details: { name: socket.name },
      };
    }
  },
};

export const containerUnconfined: Rule = {
  id: 'container-unconfined',
  title: 'the container is hardly shut off from its host',
  severity: 'medium',
  techniques: ['T1611'],
  why: 'Without masked paths, or in the host’s processes, what is started in a container reaches the host with few detours.',
  benign: 'Agents that are meant to: CNI and CSI plugins, node exporters, privileged builders.',
  *judge({ container: { spec }, mounts }) {
    if (spec === undefined || spec.namespaces.length === 0) return;
    const found: [string, Severity][] = [];
    const types = new Set(spec.namespaces.map(({ type }) => type));
    const sysfs = mounts.find(({ type, mountpoint }) => type === 'sysfs' && mountpoint === '/sys');
    if (spec.maskedPaths.length === 0 && spec.readonlyPaths.length === 0) {
      const open = sysfs !== undefined && !sysfs.flagNames.includes('ro');
      found.push([
        open
          ? 'it is privileged: no path of the kernel is masked, and /sys may be written to'
          : 'no path of /proc is masked',
        open ? 'medium' : 'low',
      ]);
    }
    if (!types.has('pid')) found.push(['it is in the host’s PID namespace', 'medium']);
    if (!types.has('mount')) found.push(['it is in the host’s mount namespace', 'high']);
    if (!types.has('network')) found.push(['it is in the host’s network', 'info']);
    if (!types.has('ipc')) found.push(['it shares the host’s shared memory', 'info']);
    for (const [why, severity] of found) {
      const suspicion: Suspicion = {
        summary: why,
        references: [{ kind: 'entry', name: 'spec.dump' }],
        severity,
        details: { why },
      };
      yield suspicion;
    }
  },
};

/** Paths outside of /sys/fs/cgroup are where exploits mount it. */
export const cgroupWritable: Rule = {
  id: 'cgroup-writable',
  title: 'control groups may be written to',
  severity: 'medium',
  techniques: ['T1611'],
  why: 'In a control group of version 1 that may be written to, the release agent names a program that the host runs as root.',
  benign: 'systemd in a container, nested runtimes (version 2 has no release agent).',
  *judge({ mounts }) {
    for (const { type, mountpoint, flagNames } of mounts) {
      if ((type !== 'cgroup' && type !== 'cgroup2') || flagNames.includes('ro')) continue;
      const usual = mountpoint.startsWith('/sys/fs/cgroup');
      if (type === 'cgroup2' && usual) continue;
      yield {
        summary: `${mountpoint} has control groups of version ${type === 'cgroup' ? 1 : 2}, writable`,
        references: [{ kind: 'mount', mountpoint }],
        severity: usual ? undefined : type === 'cgroup' ? 'high' : 'low',
        details: { type, mountpoint },
      };
    }
  },
};
