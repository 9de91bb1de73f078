/** What listens, against what the container declares. */

import type { Tables } from '../analysers/index.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import type { Severity } from '../finding.ts';
import { isLoopback } from '../signs/addresses.ts';
import { type Programs, programsOf } from '../signs/programs.ts';
import type { Rule } from './rule.ts';

type Listener = Extract<SocketRow, { family: 'ipv4' | 'ipv6' | 'unknown' }>;

/** Ports that tools of intruders take where nobody tells them another. */
const BACKDOORS = new Set([666, 1234, 1337, 2323, 4443, 4444, 5554, 6666, 6667, 12345, 31337, 50050, 54321, 55553]);
/** What listens on 4444 by itself. */
const DRIVERS = /^(?:java|geckodriver|chromedriver|selenium|node)/;
const PORTS = 'io.kubernetes.container.ports';
const LONGEST_ANNOTATION = 1 << 16;

/** Listening TCP sockets, one of both families a port. */
function listeners({ sockets }: Pick<Tables, 'sockets'>): readonly Listener[] {
  const found = new Map<string, Listener>();
  for (const socket of sockets) {
    if (socket.family === 'unix' || socket.family === 'netlink' || socket.family === 'packet') continue;
    if (socket.state !== 'listen') continue;
    const key = `${socket.local.port} ${socket.holders[0]?.pid}`;
    if (!found.has(key)) found.set(key, socket);
  }
  return [...found.values()];
}

/** Ports that the pod declares for the container; undefined where it says nothing of ports. */
function declaredPorts({ container }: Pick<Tables, 'container'>): ReadonlySet<number> | undefined {
  const text = container.metadata.annotations?.[PORTS];
  if (text === undefined || text.length > LONGEST_ANNOTATION) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    const port = (each: unknown) =>
      typeof each === 'object' && each !== null && 'containerPort' in each ? Number(each.containerPort) : Number.NaN;
    return Array.isArray(list) ? new Set(list.map(port).filter(Number.isInteger)) : undefined;
  } catch {
    return undefined;
  }
}

function judgeListener(
  socket: Listener,
  declared: ReadonlySet<number> | undefined,
  programs: Programs,
): [Severity, string] | undefined {
  const { port, address } = socket.local;
  if (declared?.has(port)) return undefined;
  const pid = socket.holders[0]?.pid;
  const odd = pid === undefined ? undefined : programs.oddity(pid);
  if (pid !== undefined && programs.isByHand(pid)) return ['high', 'a shell, or a tool that makes one of a connection'];
  if (odd !== undefined) return [isLoopback(address) && !BACKDOORS.has(port) ? 'medium' : 'high', `a process ${odd}`];
  if (pid !== undefined && programs.isWritten(pid) && !isLoopback(address))
    return ['medium', 'a process whose program was written while the container ran'];
  if (BACKDOORS.has(port)) {
    const driver = pid !== undefined && port === 4444 && DRIVERS.test(programs.nameOf(pid));
    return [driver || isLoopback(address) ? 'low' : 'medium', 'a port that tools of intruders take'];
  }
  return declared === undefined || isLoopback(address) ? undefined : ['low', 'a port that the pod does not declare'];
}

export const listenerUnexpected: Rule = {
  id: 'listener-unexpected',
  title: 'something listens that nobody declared',
  severity: 'medium',
  techniques: ['T1571', 'T1205'],
  why: 'A port that the container’s description does not know, or that a shell listens on, is a way in for somebody else.',
  benign: 'Ports for metrics, debugging and clustering, which pods often do not declare; drivers of browsers on 4444.',
  *judge(tables) {
    const programs = programsOf(tables);
    const declared = declaredPorts(tables);
    for (const socket of listeners(tables)) {
      const judged = judgeListener(socket, declared, programs);
      if (judged === undefined) continue;
      const [severity, why] = judged;
      const [holder, ...others] = socket.holders;
      const fd = holder && ({ kind: 'fd', pid: holder.pid, fd: holder.fd } as const);
      const itself = { kind: 'socket', fileId: socket.fileId } as const;
      const { address, port } = socket.local;
      yield {
        summary: `${holder ? programs.label(holder.pid) : 'a process'} listens on ${address} port ${port}: ${why}`,
        references: fd
          ? [fd, itself, ...others.slice(0, 8).map(({ pid, fd: other }) => ({ kind: 'fd', pid, fd: other }) as const)]
          : [itself],
        severity,
        details: { address, port, ...(declared ? { declared: [...declared] } : {}) },
      };
    }
  },
};

export const listenersTold: Rule = {
  id: 'listener',
  title: 'what the container listens on',
  severity: 'info',
  techniques: [],
  why: 'Where nothing is known of the ports that a container should have, a person must say which of these belong.',
  benign: 'All of them, as a rule.',
  *judge(tables) {
    if (declaredPorts(tables) !== undefined) return;
    const found = listeners(tables).filter(({ local }) => !isLoopback(local.address));
    const [first, ...more] = found.map(({ fileId }) => ({ kind: 'socket', fileId }) as const);
    if (first === undefined) return;
    const ports = [...new Set(found.map(({ local }) => local.port))].sort((a, b) => a - b);
    yield {
      summary: `the container listens on ${ports.slice(0, 20).join(', ')}; what it should listen on is not recorded`,
      references: [first, ...more.slice(0, 20)],
      details: { ports: ports.slice(0, 200) },
    };
  },
};
