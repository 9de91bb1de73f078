/** The table of commands, in the order of `--help`. Each is loaded only when it is asked for: starting stays fast. */
import type { RegisterCommand } from './command.ts';

export interface CommandRow {
  name: string;
  /** One line for `--help`; the command's own file says more. */
  summary: string;
  load: () => Promise<RegisterCommand>;
}

export const commands: readonly CommandRow[] = [
  {
    name: 'doctor',
    summary: 'what this host can do, and what to do about the rest',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  { name: 'node', summary: 'the embedded node: up, status, down', load: async () => (await import('./node.ts')).node },
  {
    name: 'run',
    summary: 'run one container, or the pods of a manifest',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'pods',
    summary: 'pods of the node with their status, and their containers',
    load: async () => (await import('./pods.ts')).pods,
  },
  { name: 'logs', summary: 'what a container has written', load: async () => (await import('./logs.ts')).logs },
  { name: 'rm', summary: 'stop and remove a pod', load: async () => (await import('./rm.ts')).rm },
  {
    name: 'checkpoint',
    summary: 'checkpoint a running container; it goes on running',
    load: async () => (await import('./checkpoint.ts')).checkpoint,
  },
  {
    name: 'migrate',
    summary: 'move a running pod of a Kubernetes cluster to another node',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  {
    name: 'controller',
    summary: 'carry out Checkpoint, CheckpointSchedule and CheckpointPolicy objects of a Kubernetes cluster',
    load: async () => (await import('./controller.ts')).controller,
  },
  {
    name: 'checkpoints',
    summary: 'checkpoints in a folder: list, rm, pin, prune by count, age and size',
    load: async () => (await import('./checkpoints.ts')).checkpoints,
  },
  {
    name: 'collect',
    summary: 'put the archives of a kubelet’s folder into a registry or an object store, with evidence',
    load: async () => (await import('./collect.ts')).collect,
  },
  {
    name: 'restore',
    summary: 'restore copies of a checkpoint beside the original',
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    name: 'inspect',
    summary: 'container, image, processes, files and statistics of a checkpoint',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  {
    name: 'ps',
    summary: 'the processes and threads of a checkpoint, with rights, signals, timers, limits and registers',
    load: async () => (await import('./ps.ts')).ps,
  },
  {
    name: 'env',
    summary: 'the environment of each process, at its start and now, beside the container’s',
    load: async () => (await import('./env.ts')).env,
  },
  {
    name: 'files',
    summary: 'open files of a checkpoint: pipes joined, locks, watches, deleted files',
    load: async () => (await import('./files.ts')).files,
  },
  {
    name: 'sockets',
    summary: 'sockets of a checkpoint: state, queues, options, and who is at the other end',
    load: async () => (await import('./sockets.ts')).sockets,
  },
  {
    name: 'maps',
    summary: 'the address spaces of a checkpoint: what is mapped, and how much of it was captured',
    load: async () => (await import('./maps.ts')).maps,
  },
  {
    name: 'mounts',
    summary: 'the mounts of a checkpoint: types, flags, propagation, places on the host',
    load: async () => (await import('./mounts.ts')).mounts,
  },
  {
    name: 'network',
    summary: 'devices, addresses, routes, rules and firewall of a checkpoint',
    load: async () => (await import('./network.ts')).network,
  },
  {
    name: 'changes',
    summary: 'what the container had changed in its root filesystem',
    load: async () => (await import('./changes.ts')).changes,
  },
  {
    name: 'memory',
    summary: 'a range of a process’s memory, as a hexadecimal dump or as it is',
    load: async () => (await import('./memory.ts')).memory,
  },
  {
    name: 'strings',
    summary: 'the texts in the memory of a checkpoint, with their addresses',
    load: async () => (await import('./strings.ts')).strings,
  },
  {
    name: 'search',
    summary: 'find a literal, bytes or a regular expression in the memory of a checkpoint',
    load: async () => (await import('./search.ts')).search,
  },
  {
    name: 'scan',
    summary: 'what is suspicious in a checkpoint: rules over processes, memory, files, network and changes',
    load: async () => (await import('./scan.ts')).scan,
  },
  {
    name: 'secrets',
    summary: 'keys, tokens and passwords in memory and files of a checkpoint, what they open, and how to change them',
    load: async () => (await import('./secrets.ts')).secrets,
  },
  {
    name: 'show',
    summary: 'what a finding points at: a process, memory, a file, a socket, an image, an entry',
    load: async () => (await import('./show.ts')).show,
  },
  {
    name: 'report',
    summary: 'what a checkpoint tells as one HTML page, for people who were not there',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'ui',
    summary: 'the desk: checkpoints and a running node in a browser',
    load: async () => (await import('./ui.ts')).ui,
  },
  {
    name: 'diff',
    summary: 'what differs between two checkpoints: processes, sockets, files, memory page by page, findings',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'history',
    summary:
      'several checkpoints of one container: when something was first there, and what appeared from one to the next',
    load: async () => (await import('./history.ts')).history,
  },
  {
    name: 'timeline',
    summary:
      'what has a time in checkpoints, in the order of time: log lines, files, capture, timers; for Timesketch and Plaso too',
    load: async () => (await import('./timeline.ts')).timeline,
  },
  {
    name: 'rules',
    summary: 'what a scan judges by: each rule with why it matters and what would be benign',
    load: async () => (await import('./rules.ts')).rules,
  },
  {
    name: 'core',
    summary: 'a core file of a process, for gdb',
    load: async () => (await import('./core.ts')).core,
  },
  {
    name: 'extract',
    summary: 'deleted files, queues, shared memory, environments and changed files of a checkpoint, with hashes',
    load: async () => (await import('./extract.ts')).extract,
  },
  {
    name: 'verify',
    summary: 'whether an archive still is what was captured: signatures, every entry, memory, chain of custody',
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'convert',
    summary: 'lay an archive out for another engine',
    load: async () => (await import('./convert.ts')).convert,
  },
  {
    name: 'key',
    summary: 'keys that sign images, evidence and records of scans',
    load: async () => (await import('./key.ts')).key,
  },
  {
    name: 'seal',
    summary: 'encrypt an archive, for the recipients that are named',
    load: async () => (await import('./seal.ts')).seal,
  },
  {
    name: 'unseal',
    summary: 'the archive out of a sealed one',
    load: async () => (await import('./unseal.ts')).unseal,
  },
  {
    name: 'image',
    summary: 'checkpoints as OCI images: build, append, list, push, pull, copy, inspect, extract, sign, rm, pin, prune',
    load: async () => (await import('./image.ts')).image,
  },
  {
    name: 'image-set',
    summary: 'CRIU images as JSON and back, as crit has it; processes, files and memory of a set',
    load: async () => (await import('./image-set.ts')).imageSet,
  },
];
