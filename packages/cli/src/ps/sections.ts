/** Everything that is known of one process, in sections. Every text of the evidence is made harmless here. */
import type { PendingSignal, TaskFacts, TaskThread, ThreadFacts } from '@stillframe/checkpoint';
import { harmless, hexAddress } from '@stillframe/core';
import { commandText } from '../display/command-text.ts';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';
import { bitsText, fact, signalsText } from './facts.ts';
import type { TaskView } from './model.ts';
import { registerNodes } from './registers.ts';
import { seccompNodes } from './seccomp.ts';
import { factsOf, stateText } from './tables.ts';
import { timerNodes } from './timers.ts';

/** The tree of one process. */
export function sectionsOf(view: TaskView, style: Style): TreeNode {
  const { facts, threads, pid } = view;
  const main = factsOf(view);
  const title = `${style.dim(`[${pid}]`)} ${style.bold(harmless(view.name ?? '?'))}`;
  const section = (name: string, children: readonly TreeNode[]): TreeNode[] =>
    children.length === 0 ? [] : [{ label: style.bold(name), children }];
  return {
    label: `${title} ${commandText(view.name, view.arguments)}`,
    children: [
      ...section('Process', processFacts(view, style)),
      ...section('Credentials', main ? credentials(main, style) : []),
      ...section('Capabilities', main ? capabilities(main, style) : []),
      ...section('Signals', facts.state === 'present' ? signals(facts, style) : []),
      ...section('Timers', facts.state === 'present' ? timerNodes(facts.timers, style) : []),
      ...section('Limits', facts.state === 'present' ? limits(facts, style) : []),
      ...section(
        `Threads (${threads.length})`,
        threads.map((thread) => threadNode(view, thread, style)),
      ),
      ...section('Seccomp', seccompNodes(view, style)),
    ],
  };
}

function processFacts(view: TaskView, style: Style): TreeNode[] {
  const { facts, terminal, objects, pgid } = view;
  const present = facts.state === 'present' ? facts : undefined;
  const namespaces = Object.entries(objects?.namespaces ?? {}).flatMap(([kind, id]) =>
    id === undefined ? [] : [`${kind} ${id}`],
  );
  const foreground = terminal && (terminal.foreground === pgid ? ', in the foreground' : ', in the background');
  return [
    ...fact('State', stateText(view), style),
    ...(facts.state === 'absent' ? fact('Facts', `none: ${facts.reason}`, style) : []),
    ...fact('Parent', view.ppid, style),
    ...fact('Group', pgid, style),
    ...fact('Session', view.sid, style),
    ...fact('Terminal', terminal ? `${terminal.name}${foreground}` : 'none', style),
    ...fact('Machine', view.machine, style),
    ...fact('Personality', present && personality(present), style),
    ...fact('Flags', present && bitsText(present.flags), style),
    ...fact('Dumpable', view.dumpable, style),
    ...fact('OOM score adjustment', present?.oomScoreAdj, style),
    ...fact('Login UID', present?.loginUid, style),
    ...fact('Child subreaper', present?.childSubreaper ? 'yes' : undefined, style),
    ...fact('Stopped by', present?.stopSignal, style),
    ...fact('Membarrier', present?.membarrier && bitsText(present.membarrier), style),
    ...fact('Cgroup set', present?.cgroupSet, style),
    ...fact('Namespaces', namespaces.join(', '), style),
  ];
}

function personality({ personality: { domain, flags } }: TaskFacts): string {
  return [domain, bitsText(flags)].filter(Boolean).join(', ');
}

function credentials({ credentials: found }: ThreadFacts, style: Style): TreeNode[] {
  if (!found) return [{ label: style.dim('not recorded') }];
  const ids = (...four: readonly number[]) => {
    const [real = 0, effective, saved, filesystem] = four;
    return new Set(four).size === 1
      ? String(real)
      : `real ${real}, effective ${effective}, saved ${saved}, filesystem ${filesystem}`;
  };
  const { security } = found;
  return [
    ...fact('User', ids(found.uid, found.euid, found.suid, found.fsuid), style),
    ...fact('Group', ids(found.gid, found.egid, found.sgid, found.fsgid), style),
    ...fact('Groups', found.groups.join(', ') || 'none', style),
    ...fact('No new privileges', found.noNewPrivileges ? 'yes' : 'no', style),
    ...fact('Secure bits', bitsText(found.secureBits) ?? 'none', style),
    ...fact('Label', security.profile ?? 'none recorded', style),
    ...fact('Label of new sockets', security.socketCreate, style),
  ];
}

function capabilities({ credentials: found }: ThreadFacts, style: Style): TreeNode[] {
  const sets = Object.entries(found?.capabilities ?? {});
  return sets.flatMap(([name, set]) => fact(name, bitsText(set) ?? 'none', style));
}

function signals({ signalActions, pending }: TaskFacts, style: Style): TreeNode[] {
  const handled = (signalActions ?? []).filter(({ action }) => action !== 'ignored');
  const ignored = (signalActions ?? []).filter(({ action }) => action === 'ignored');
  const rows = handled.map(({ signal, handler, flags, mask }) => {
    const where = handler === undefined ? 'default' : `handler ${hexAddress(handler)}`;
    const blocked = mask.length === 0 ? '' : ` blocks ${signalsText(mask)}`;
    return { label: `${style.dim(`${signal}:`)} ${where} ${bitsText(flags) ?? ''}${blocked}`.trimEnd() };
  });
  return [
    ...(signalActions ? [] : [{ label: style.dim('actions: not recorded') }]),
    ...rows,
    ...fact('Ignored', signalsText(ignored.map(({ signal }) => signal)), style),
    ...pending.map((signal) => ({ label: `${style.dim('Pending:')} ${pendingText(signal)}` })),
  ];
}

/** `SIGUSR1 SI_USER from process 1, user 0`. */
function pendingText({ signal, code, sender, value, timer, status, address, io, call }: PendingSignal): string {
  const details = [
    sender && `from process ${sender.pid}, user ${sender.uid}`,
    timer && `of timer ${timer.id}, overrun ${timer.overrun}`,
    value !== undefined && `value ${hexAddress(value)}`,
    status !== undefined && `status ${status}`,
    address !== undefined && `at ${hexAddress(address)}`,
    io && `descriptor ${io.fd}, events ${hexAddress(io.events)}`,
    call && `call ${call.number} at ${hexAddress(call.address)}`,
  ].filter(Boolean);
  return [signal, code, ...details].join(' ');
}

function limits({ limits: found }: TaskFacts, style: Style): TreeNode[] {
  return (found ?? []).flatMap(({ resource, soft, hard }) =>
    fact(resource, soft === hard ? soft : `${soft}, at most ${hard}`, style),
  );
}

function threadNode(view: TaskView, { tid, name, facts }: TaskThread, style: Style): TreeNode {
  const registers = view.detail?.registers.find((each) => each.tid === tid);
  const label = `${style.dim(`{${tid}}`)} ${harmless(name ?? '?')}`;
  if (facts.state === 'absent') return { label: `${label} ${style.dim(`facts: ${facts.reason}`)}` };
  const { schedule, alternateStack, rseq, robustFutexes } = facts;
  const other = tid === view.pid ? [] : otherRights(facts, factsOf(view), style);
  return {
    label,
    children: [
      ...fact('In call', registers?.inCall, style),
      ...other,
      ...fact('Schedule', scheduleText(schedule), style),
      ...fact('Blocked', facts.blocked && signalsText(facts.blocked), style),
      ...facts.pending.map((signal) => ({ label: `${style.dim('Pending:')} ${pendingText(signal)}` })),
      ...fact('Parent death signal', facts.parentDeathSignal, style),
      ...fact('Alternate stack', alternateStack && stackText(alternateStack), style),
      ...fact('Restartable sequences', rseq && `${hexAddress(rseq.address)}, ${rseq.bytes} bytes`, style),
      ...fact('Robust futexes', robustFutexes && hexAddress(robustFutexes.address), style),
      ...(registers ? registerNodes(registers, style) : []),
    ],
  };
}

/** Threads have rights of their own; where they differ from the main thread's it is worth a line. */
function otherRights(own: ThreadFacts, main: ThreadFacts | undefined, style: Style): TreeNode[] {
  const text = (facts: ThreadFacts | undefined) =>
    JSON.stringify(facts?.credentials, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  if (text(own) === text(main)) return [];
  return [
    {
      label: style.warn('Rights that differ from the main thread’s'),
      children: [...credentials(own, style), ...capabilities(own, style)],
    },
  ];
}

function scheduleText({ policy, priority, nice, resetOnFork }: ThreadFacts['schedule']): string | undefined {
  const parts = [
    policy,
    priority === undefined ? '' : `priority ${priority}`,
    nice === undefined ? '' : `nice ${nice}`,
  ];
  return [...parts, resetOnFork ? 'reset on fork' : ''].filter(Boolean).join(', ');
}

function stackText({ address, bytes, flags }: NonNullable<ThreadFacts['alternateStack']>): string {
  if (bytes === 0n) return bitsText(flags) ?? 'none';
  return [`${hexAddress(address)}, ${bytes} bytes`, bitsText(flags)].filter(Boolean).join(', ');
}
