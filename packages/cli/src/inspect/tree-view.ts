/** The inspection as a tree for people. Every text of the evidence is made harmless here. */
import { processTree, type Texts } from '@stillframe/checkpoint';
import { bytesText, harmless, microsecondsText } from '@stillframe/core';
import { quoted } from '../display/command-text.ts';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';
import type { BriefTarget } from './brief-target.ts';
import type { Inspection, ProcessView } from './model.ts';
import { mountNodes } from './mount-nodes.ts';
import { rowsNode } from './rows.ts';
import { type Surroundings, surroundingsNodes } from './surroundings.ts';

/** Which parts are shown. */
export interface Sections {
  environment: boolean;
  files: boolean;
  statistics: boolean;
  mounts: boolean;
  /** Kernel namespaces, network, IPC, control groups, changes, how it was dumped: what of them was read. */
  surroundings: boolean;
}

export function inspectionTree(found: Inspection, sections: Sections, style: Style): TreeNode {
  const { container, image } = found;
  const fact = (name: string, value: string | undefined): TreeNode[] =>
    value === undefined || value === '' ? [] : [{ label: `${style.dim(`${name}:`)} ${harmless(value)}` }];
  return {
    label: style.bold(harmless(container.name ?? container.id ?? found.archive.label)),
    children: [
      ...fact('Image', imageText(image)),
      ...fact('Image ID', image.ref),
      ...fact('Container ID', container.id),
      ...fact('Pod', container.podName && `${container.kubeNamespace ?? '?'}/${container.podName}`),
      ...fact('Engine', [found.engine.name ?? 'unknown', found.engine.version].filter(Boolean).join(' ')),
      ...fact('OCI runtime', found.ociRuntime),
      ...fact('Created', found.created),
      ...fact('Checkpointed', found.checkpointed),
      ...fact('Restored from a checkpoint', found.restored ? 'yes' : undefined),
      ...fact('IP', found.ip),
      ...fact(
        'Archive',
        `${found.archive.size === undefined ? 'folder' : bytesText(found.archive.size)}, ${found.archive.entries} entries, ${found.archive.compression === 'none' ? 'not compressed' : found.archive.compression}`,
      ),
      ...fact('True pause', found.truePause === undefined ? undefined : microsecondsText(found.truePause)),
      ...fact('Recorded digest', found.recorded && `${found.recorded.digest} (${DIGEST[found.digest]})`),
      ...stated('Not captured', found.recorded?.notCaptured),
      ...stated('Changed before the capture', found.recorded?.altered),
      ...(sections.statistics ? statistics(found, style) : []),
      {
        label: style.bold(`Processes (${found.processes.length})`),
        children: processNodes(found.processes, sections, style),
      },
      ...(sections.mounts ? [mounts(found, style)] : []),
      ...(sections.surroundings ? surroundings(found, style) : []),
      ...diagnostics(found, style),
    ],
  };
}

const DIGEST: Readonly<Record<Inspection['digest'], string>> = {
  none: 'not verified',
  unchecked: 'not verified; --verify reads the archive and compares',
  equal: 'verified',
  differs: 'NOT of this archive',
};

/** As the container's request named it, and another name where the engine kept that; a kubelet asks by id. */
function imageText({ name, requested }: Inspection['image']): string | undefined {
  if (requested === undefined || /^(sha256:)?[0-9a-f]{64}$/.test(requested)) return name ?? requested;
  return name === undefined || name === requested ? requested : `${requested} (kept as ${name})`;
}

/** Levels that are drawn: a forger makes chains as long as he likes. What lies deeper stands at the last level. */
const DEEPEST = 64;

function processNodes(processes: readonly ProcessView[], sections: Sections, style: Style): TreeNode[] {
  const views = new Map(processes.map((process) => [process.pid, process]));
  const roots: TreeNode[] = [];
  const waiting = processTree(processes).map((process) => ({ process, siblings: roots, depth: 1 }));
  waiting.reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { process, siblings, depth } = next;
    const view = views.get(process.pid);
    if (!view) continue;
    const below = [
      ...(sections.environment ? environment(view.environment, style) : []),
      ...(sections.files ? files(view, style) : []),
    ];
    siblings.push({ label: processLabel(view, style), children: below });
    const level = depth < DEEPEST ? { siblings: below, depth: depth + 1 } : { siblings, depth };
    // Reversed, since the last one put on the pile is the first one taken off it.
    for (const child of process.children.toReversed()) waiting.push({ process: child, ...level });
  }
  return roots;
}

function processLabel(process: ProcessView, style: Style): string {
  const state = process.state === 'alive' ? '' : ` (${process.state})`;
  const threads = process.threads.length > 1 ? ` ${style.dim(`${process.threads.length} threads`)}` : '';
  const given = process.arguments.state === 'present' ? process.arguments.values : [];
  const command = given.every(isBlank) ? '' : ` ${given.map(quoted).join(' ')}`;
  return `${style.dim(`[${process.pid}]`)} ${style.bold(harmless(process.comm ?? '?'))}${state}${threads}${command}`;
}

/** Of a process that has written its title over its texts. */
function isBlank(text: string): boolean {
  return /^[\s\0]*$/.test(text);
}

function environment(texts: Texts, style: Style): TreeNode[] {
  if (texts.state === 'absent') return [{ label: style.dim(`Environment: ${texts.reason}`) }];
  if (texts.values.length === 0) return [];
  if (texts.values.every(isBlank)) return [{ label: style.dim('Environment: overwritten by the process') }];
  return [{ label: style.dim('Environment'), children: texts.values.map((value) => ({ label: harmless(value) })) }];
}

function files(process: ProcessView, style: Style): TreeNode[] {
  const children = [
    ...(process.executable ? [{ label: `exe  ${harmless(process.executable)}` }] : []),
    ...(process.workingFolder ? [{ label: `cwd  ${harmless(process.workingFolder)}` }] : []),
    ...process.files.map(({ fd, target }) => ({ label: `${String(fd).padStart(3)}  ${harmless(targetText(target))}` })),
  ];
  return children.length === 0 ? [] : [{ label: style.dim('Files'), children }];
}

/** What an fd leads to, in one line; raw text. */
function targetText(target: BriefTarget): string {
  switch (target.type) {
    case 'file':
      return `${target.path}${target.deleted ? ' (deleted)' : ''}`;
    case 'pipe':
      return `pipe:[${target.pipeId}]`;
    case 'fifo':
      return `fifo ${target.path ?? `[${target.pipeId}]`}`;
    case 'inet-socket':
      return `${target.protocol} ${endpoint(target.local)} → ${endpoint(target.remote)} ${target.state}`;
    case 'unix-socket':
      return `unix ${target.socketType} ${target.name || `[${target.inode}]`} ${target.state}`;
    case 'memfd':
      return `memfd:${target.name ?? '?'}`;
    case 'tty':
      return `tty ${target.path ?? ''}`;
    case 'epoll':
      return `epoll on ${target.watched.join(', ')}`;
    case 'eventfd':
      return `eventfd ${target.counter}`;
    default:
      return target.type;
  }
}

function endpoint({ address, port }: { address: string; port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function statistics({ statistics: found }: Inspection, style: Style): TreeNode[] {
  if (!found) return [];
  const row = (name: string, value: string) => ({ label: `${style.dim(`${name}:`)} ${value}` });
  return [
    {
      label: style.bold('Dump statistics (CRIU)'),
      children: [
        row('Freezing time', microsecondsText(found.freezingTime)),
        row('Frozen time', microsecondsText(found.frozenTime)),
        row('Memory dump time', microsecondsText(found.memoryDumpTime)),
        row('Memory write time', microsecondsText(found.memoryWriteTime)),
        row('Pages scanned', String(found.pagesScanned)),
        row('Pages written', String(found.pagesWritten)),
      ],
    },
  ];
}

/** What the evidence beside the archive says; nothing where it says nothing of the kind. */
function stated(title: string, texts: readonly string[] | undefined): TreeNode[] {
  return texts === undefined || texts.length === 0 ? [] : [rowsNode(title, texts, harmless)];
}

function mounts({ mounts: found }: Inspection, style: Style): TreeNode {
  return { label: style.bold(`Mounts (${found.length})`), children: mountNodes(found) };
}

function surroundings(found: Inspection, style: Style): TreeNode[] {
  if (!hasSurroundings(found)) return [];
  return surroundingsNodes(found).map(({ label, children = [] }) => ({ label: style.bold(label), children }));
}

function hasSurroundings(found: Inspection): found is Inspection & Surroundings {
  return found.namespaces !== undefined;
}

function diagnostics({ diagnostics: found }: Inspection, style: Style): TreeNode[] {
  if (found.length === 0) return [];
  const children = found
    .slice(0, 50)
    .map((d) => ({ label: harmless(`${d.severity} ${d.id} in ${d.source}: ${d.message}`) }));
  return [{ label: style.warn(`Faults of the evidence (${found.length})`), children }];
}
