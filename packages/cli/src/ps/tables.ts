/** Processes and threads as tables and as a tree. */
import { processTree, type TaskThread } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { commandText } from '../display/command-text.ts';
import type { Style } from '../display/style.ts';
import { type Column, renderTable } from '../display/table.ts';
import { renderTree, type TreeNode } from '../display/tree.ts';
import { capabilitiesText, signalsText } from './facts.ts';
import type { TaskView } from './model.ts';

const number = (title: string, cell: (view: TaskView) => number | string | undefined): Column<TaskView> => ({
  title,
  cell: (view) => String(cell(view) ?? '-'),
  align: 'right',
});

const SHORT: readonly Column<TaskView>[] = [
  number('PID', ({ pid }) => pid),
  number('PPID', ({ ppid }) => ppid),
  number('USER', userOf),
  { title: 'STATE', cell: stateText },
  number('THREADS', threadCount),
];
const COMMAND: Column<TaskView> = { title: 'COMMAND', cell: (view) => commandText(view.name, view.arguments) };
const LONG: readonly Column<TaskView>[] = [
  number('PGID', ({ pgid }) => pgid),
  number('SID', ({ sid }) => sid),
  { title: 'TTY', cell: ({ terminal }) => terminal?.name ?? '-' },
  number('GROUP', (view) => factsOf(view)?.credentials?.egid),
  number('NICE', (view) => factsOf(view)?.schedule.nice),
  { title: 'POLICY', cell: (view) => factsOf(view)?.schedule.policy?.replace('SCHED_', '') ?? '-' },
  { title: 'SECCOMP', cell: (view) => factsOf(view)?.seccomp.mode ?? '-' },
  { title: 'NNP', cell: noNewPrivileges },
  { title: 'CAPS', cell: capabilities },
  { title: 'LABEL', cell: (view) => harmless(factsOf(view)?.credentials?.security.profile ?? '-') },
];

/** A row a process, without styles. */
export function processTable(views: readonly TaskView[], long: boolean): string {
  return renderTable([...SHORT, ...(long ? LONG : []), COMMAND], views);
}

interface ThreadRow {
  view: TaskView;
  thread: TaskThread;
}

const THREADS: readonly Column<ThreadRow>[] = [
  { title: 'PID', cell: ({ view }) => String(view.pid), align: 'right' },
  { title: 'TID', cell: ({ thread }) => String(thread.tid), align: 'right' },
  { title: 'USER', cell: ({ thread: { facts } }) => threadUser(facts), align: 'right' },
  { title: 'STATE', cell: ({ view }) => stateText(view) },
  { title: 'NAME', cell: ({ thread }) => harmless(thread.name ?? '-') },
  { title: 'SECCOMP', cell: ({ thread: { facts } }) => (facts.state === 'present' ? facts.seccomp.mode : '-') },
  { title: 'PENDING', cell: ({ thread: { facts } }) => (facts.state === 'present' ? namesOf(facts.pending) : '-') },
  {
    title: 'BLOCKED',
    cell: ({ thread: { facts } }) =>
      facts.state === 'present' ? signalsText(facts.blocked ?? []) : `(${facts.reason})`,
  },
];

/** A row a thread. */
export function threadTable(views: readonly TaskView[]): string {
  const rows = views.flatMap((view) => view.threads.map((thread) => ({ view, thread })));
  return renderTable(THREADS, rows);
}

/** Levels that are drawn: a forger makes chains as long as he likes. What lies deeper stands at the last level. */
const DEEPEST = 64;

/** All processes below their parents; with `threads`, those of each as well. */
export function processForest(views: readonly TaskView[], threads: boolean, style: Style): string {
  const byPid = new Map(views.map((view) => [view.pid, view]));
  const rows = views.map((view) => ({ ...processOf(view) }));
  const roots: TreeNode[] = [];
  const waiting = processTree(rows).map((process) => ({ process, siblings: roots, depth: 1 }));
  waiting.reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { process, siblings, depth } = next;
    const view = byPid.get(process.pid);
    if (!view) continue;
    const below: TreeNode[] = threads ? threadNodes(view, style) : [];
    siblings.push({ label: treeLabel(view, style), children: below });
    const level = depth < DEEPEST ? { siblings: below, depth: depth + 1 } : { siblings, depth };
    for (const child of process.children.toReversed()) waiting.push({ process: child, ...level });
  }
  return roots.map(renderTree).join('');
}

function processOf({ pid, ppid, pgid, sid, name, state }: TaskView) {
  return { pid, ppid, pgid, sid, comm: name, state, exitCode: undefined, threads: [], credentials: undefined };
}

function treeLabel(view: TaskView, style: Style): string {
  const state = view.state === 'alive' ? '' : ` (${stateText(view)})`;
  const count = view.threads.length > 1 ? ` ${style.dim(`${view.threads.length} threads`)}` : '';
  const name = style.bold(harmless(view.name ?? '?'));
  return `${style.dim(`[${view.pid}]`)} ${name}${state}${count} ${commandText(view.name, view.arguments)}`;
}

function threadNodes({ pid, threads }: TaskView, style: Style): TreeNode[] {
  return threads
    .filter(({ tid }) => tid !== pid)
    .map(({ tid, name }) => ({ label: `${style.dim(`{${tid}}`)} ${harmless(name ?? '?')}` }));
}

/** `alive`, `dead: exited 3`. */
export function stateText({ state, exit }: TaskView): string {
  if (!exit) return state;
  return exit.how === 'exited' ? `${state}: exited ${exit.code}` : `${state}: ${exit.signal}`;
}

/** Facts of the main thread. */
export function factsOf({ pid, threads }: TaskView) {
  const facts = (threads.find(({ tid }) => tid === pid) ?? threads[0])?.facts;
  return facts?.state === 'present' ? facts : undefined;
}

function userOf(view: TaskView): number | undefined {
  return factsOf(view)?.credentials?.euid;
}

function threadCount({ threads, state }: TaskView): number | string {
  return state === 'dead' ? '-' : threads.length;
}

function threadUser(facts: TaskThread['facts']): string {
  return String((facts.state === 'present' ? facts.credentials?.euid : undefined) ?? '-');
}

function namesOf(pending: readonly { signal: string }[]): string {
  return signalsText(pending.map(({ signal }) => signal));
}

function noNewPrivileges(view: TaskView): string {
  const credentials = factsOf(view)?.credentials;
  return credentials ? (credentials.noNewPrivileges ? 'yes' : 'no') : '-';
}

function capabilities(view: TaskView): string {
  const effective = factsOf(view)?.credentials?.capabilities.effective;
  return effective ? capabilitiesText(effective) : '-';
}
