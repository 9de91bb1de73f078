/** Traces of a way out of the container: files of the kernel and of the runtime that a process has open. */
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { Severity } from '../finding.ts';
import { programsOf } from '../signs/programs.ts';
import { referencesOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

const ACCESS = 3;
const O_PATH = 0o10000000;

function writes({ flags }: Pick<FileRow, 'flags'>): boolean {
  return flags !== undefined && (flags & ACCESS) !== 0 && (flags & O_PATH) === 0;
}

/** Descriptors of files with a path. */
function* pathRows({ files }: Pick<Tables, 'files'>) {
  for (const row of files) if (row.target.type === 'file') yield { row, target: row.target };
}

/** Files by which the kernel is told to run something on the host, or to stop. */
const CONTROLS: readonly (readonly [RegExp, string])[] = [
  [
    /\/sys\/kernel\/(?:core_pattern|modprobe|hotplug|poweroff_cmd|usermodehelper\/.+)$/,
    'the kernel runs on the host what is written there',
  ],
  [/\/kernel\/uevent_helper$/, 'the kernel runs on the host what is written there'],
  [/\/release_agent$/, 'the kernel runs on the host what is written there'],
  [/\/proc\/sysrq-trigger$/, 'it controls the host'],
  [/\/binfmt_misc\/(?:register|status)$/, 'it says what runs for whole kinds of files'],
  [/\/sys\/kernel\/(?:debug|security)\/.+/, 'it belongs to the host’s kernel'],
  [/\/(?:sys\/)?firmware\/efi\/efivars\/.+/, 'it is the host’s firmware'],
];

export const hostControlOpen: Rule = {
  id: 'host-control-open',
  title: 'a process writes to what controls the host’s kernel',
  severity: 'high',
  techniques: ['T1611'],
  why: 'What is written to core_pattern, release_agent or uevent_helper the kernel runs outside of every container, as root.',
  benign: 'Privileged containers that set up their node, as long as they run.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const { row, target } of pathRows(tables)) {
      const control = CONTROLS.find(([place]) => place.test(target.path));
      if (control === undefined || !writes(row)) continue;
      yield {
        summary: `${programs.label(row.pid)} has ${target.path} open for writing: ${control[1]}`,
        references: [{ kind: 'fd', pid: row.pid, fd: row.fd }],
        details: { path: target.path },
      };
    }
    for (const text of tables.texts) {
      if (text.topic !== 'kernel' || text.kind === 'empty') continue;
      yield {
        summary: `${text.path} was written: a file of that name controls the host’s kernel where it is mounted`,
        references: referencesOf(text),
        severity: 'medium',
      };
    }
  },
};

const RUNTIME = /\/(?:runc|crun|docker-runc|runsc|youki|conmon|containerd-shim(?:-[\w-]+)?|docker-init|criu)$/;
const NESTED = /^(?:dockerd|containerd|podman|buildkitd|crio|kubelet|k3s|stillframe|buildah|kaniko)/;

export const runtimeProgramOpen: Rule = {
  id: 'runtime-program-open',
  title: 'a process has the program of a container runtime',
  severity: 'high',
  techniques: ['T1611'],
  why: 'Over /proc/self/exe of a runtime that enters the container its program on the host is overwritten (CVE-2019-5736).',
  benign: 'Runtimes within a container (Docker in Docker), which have a program of their own.',
  *judge(tables) {
    const programs = programsOf(tables);
    const nested = tables.processes.some(({ name }) => name !== undefined && NESTED.test(name));
    for (const { row, target } of pathRows(tables)) {
      if (!RUNTIME.test(target.path) || row.fd === 'exe') continue;
      const severity: Severity = nested ? 'low' : writes(row) ? 'critical' : 'high';
      yield {
        summary: `${programs.label(row.pid)} has ${target.path} open${writes(row) ? ' for writing' : ''}`,
        references: [{ kind: 'fd', pid: row.pid, fd: row.fd }],
        severity,
        details: { path: target.path },
      };
    }
    for (const text of tables.texts) {
      if (text.kind !== 'script' || !/^#!\s*\/proc\/self\/exe\b/.test(text.text)) continue;
      yield {
        summary: `${text.path} is a script whose interpreter is whoever runs it: it lures a runtime into the container`,
        references: referencesOf(text),
        severity: 'critical',
      };
    }
  },
};

/** Disks and memory of the machine. */
const DEVICE = /^\/dev\/(?:sd[a-z]|hd[a-z]|vd[a-z]|xvd[a-z]|nvme\d|dm-\d|mapper\/|md\d|mem$|kmem$|port$)/;

export const hostDeviceOpen: Rule = {
  id: 'host-device-open',
  title: 'a process has a disk or the memory of the machine open',
  severity: 'high',
  techniques: ['T1611'],
  why: 'Over the device of a disk all of its files are read and written, whatever is mounted.',
  benign: 'Databases and storage that are given a raw device on purpose (Ceph, Oracle); KubeVirt; block volumes.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const { row, target } of pathRows(tables)) {
      const isBlock = target.kind === 'block-device';
      if (typeof row.fd === 'string' || (!isBlock && !DEVICE.test(target.path))) continue;
      yield {
        summary: `${programs.label(row.pid)} has ${target.path} open${writes(row) ? ' for writing' : ''}`,
        references: [{ kind: 'fd', pid: row.pid, fd: row.fd }],
        severity: /^(?:ceph-|qemu-|virt|postgres|mysqld|oracle|longhorn|tgtd)/.test(programs.nameOf(row.pid))
          ? 'low'
          : undefined,
        details: { path: target.path },
      };
    }
  },
};

export const outsideRoot: Rule = {
  id: 'outside-root',
  title: 'a process holds a file that is in none of its mounts',
  severity: 'high',
  techniques: ['T1611'],
  why: 'A folder of the host that was left open while the container was made leads out of it (CVE-2024-21626), and so does /proc/PID/root of a process of the host.',
  benign: 'Files that the runtime passes in on purpose; mounts that were taken away while they were used.',
  *judge(tables) {
    const programs = programsOf(tables);
    const known = new Set(tables.mounts.map(({ mountId }) => mountId));
    for (const { row, target } of pathRows(tables)) {
      const viaProc = /^\/proc\/(?:\d+|self|thread-self)\/(?:root|cwd)\/./.test(target.path);
      const outside =
        known.size > 0 && target.mountId !== undefined && target.mountId > 0 && !known.has(target.mountId);
      if (!viaProc && !(outside && target.kind !== 'character-device')) continue;
      yield {
        summary: `${programs.label(row.pid)} ${row.fd === 'cwd' ? 'stands in' : 'has'} ${target.path}, which is ${viaProc ? 'reached through another process' : 'in none of the container’s mounts'}`,
        references: [{ kind: 'fd', pid: row.pid, fd: row.fd }],
        severity: target.kind === 'directory' || viaProc ? undefined : 'medium',
        details: { path: target.path, mountId: target.mountId },
      };
    }
  },
};

/** Programs that put what they run into namespaces of its own. */
const SANDBOXES =
  /^(?:chrom|electron|firefox|bwrap|flatpak|steam|systemd|\(sd-|runc|crun|podman|conmon|dockerd|containerd|buildk|buildah|kaniko|unshare|code|playwright|headless|nsjail|firejail|minijail|snap|zygote|fuse-overlayfs|slirp4netns|rootlesskit)/i;

export const namespaceForeign: Rule = {
  id: 'namespace-foreign',
  title: 'a process is in another namespace than its container',
  severity: 'low',
  techniques: ['T1611'],
  why: 'Who joins a namespace of the host is out of that part of the container; who makes one gains rights within it that exploits of the kernel begin with.',
  benign: 'Sandboxes of browsers, systemd’s services, nested runtimes.',
  *judge(tables) {
    const programs = programsOf(tables);
    const first = tables.processes.find(({ ppid }) => ppid === 0) ?? tables.processes[0];
    for (const kind of ['mnt', 'pid', 'net', 'user'] as const) {
      const all = tables.namespaces.filter(({ nsKind }) => nsKind === kind);
      const own = all.find(({ pids }) => first !== undefined && pids.includes(first.pid));
      for (const { id, ofDumper, pids } of all) {
        const [pid, ...others] = pids;
        if (own === undefined || id === own.id || pid === undefined) continue;
        const host = ofDumper === true && own.ofDumper === false;
        const sandbox = pids.every(
          (each) => SANDBOXES.test(programs.get(each)?.name ?? '') || SANDBOXES.test(programs.nameOf(each)),
        );
        const many = others.length > 0 ? ` and ${others.length} more` : '';
        yield {
          summary: `${programs.label(pid)}${many} ${host ? `joined the host’s ${kind} namespace` : `is in a ${kind} namespace of its own`}`,
          references: [
            { kind: 'process', pid },
            ...others.slice(0, 20).map((each) => ({ kind: 'process', pid: each }) as const),
          ],
          severity: host ? 'high' : sandbox ? 'info' : undefined,
          details: { namespace: kind, processes: pids.slice(0, 50) },
        };
      }
    }
  },
};
