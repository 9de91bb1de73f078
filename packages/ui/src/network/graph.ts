/** Sockets as a graph: processes in the middle, the doors that they hold open at the left, who is outside at the right. */
import type { SocketFacts, SocketList } from '@stillframe/server/contract';

/** Boxes of one column. */
const MOST = 40;

export interface Box {
  /** In the address: `process 7`, `door 12`, `outside tcp 10.0.0.5`. */
  readonly key: string;
  readonly column: 'door' | 'process' | 'outside';
  readonly title: string;
  readonly note: string;
  /** From above. */
  readonly row: number;
  readonly sockets: readonly number[];
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly kind: 'listens' | 'inside' | 'outside';
  readonly sockets: readonly number[];
  /** Bytes that wait on it, both ways. */
  readonly waiting: number;
}

export interface Graph {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  /** Boxes that found no room. */
  readonly hidden: number;
}

interface Growing {
  key: string;
  column: Box['column'];
  title: string;
  note: (sockets: ReadonlySet<number>) => string;
  sockets: Set<number>;
  /** Of the rows of boxes that it is joined to, for its own. */
  sum: number;
  joined: number;
}

/** The graph of sockets that speak or listen; a process that only speaks to itself is in the list alone. */
export function graphOf(sockets: readonly SocketFacts[], { names }: Pick<SocketList, 'names'>): Graph {
  const making = new Making(new Map(names.map(({ pid, name }) => [pid, name ?? '?'])), sockets);
  for (const socket of sockets) making.add(socket);
  return making.done();
}

class Making {
  readonly #names: ReadonlyMap<number, string>;
  readonly #byId: ReadonlyMap<number, SocketFacts>;
  readonly #boxes = new Map<string, Growing>();
  readonly #lines = new Map<string, { line: Omit<Line, 'sockets' | 'waiting'>; sockets: Map<number, number> }>();

  constructor(names: ReadonlyMap<number, string>, sockets: readonly SocketFacts[]) {
    this.#names = names;
    this.#byId = new Map(sockets.map((socket) => [socket.fileId, socket]));
  }

  add(socket: SocketFacts): void {
    const pids = [...new Set(socket.holders.map(({ pid }) => pid))];
    if (socket.role === 'listens') {
      const door = this.#door(socket);
      for (const pid of pids) this.#join(this.#process(pid, socket), door, 'listens', socket);
    } else if (socket.role === 'speaks') for (const pid of pids) this.#speaks(pid, socket);
  }

  #speaks(pid: number, socket: SocketFacts): void {
    const { peer, door: doorId } = socket;
    if (peer.place === 'outside') {
      this.#join(this.#process(pid, socket), this.#outside(socket), 'outside', socket);
      return;
    }
    const door = doorId === null ? undefined : this.#byId.get(doorId);
    if (door) {
      const isOwn = door.holders.some((holder) => holder.pid === pid);
      this.#join(this.#process(pid, socket), this.#door(door), isOwn ? 'listens' : 'inside', socket);
      return;
    }
    const other = peer.fileId === null ? undefined : this.#byId.get(peer.fileId);
    for (const each of new Set(other?.holders.map((holder) => holder.pid)))
      if (each !== pid) this.#join(this.#process(pid, socket), this.#process(each, socket), 'inside', socket);
  }

  #process(pid: number, socket: SocketFacts): Growing {
    const key = `process ${pid}`;
    return this.#box(key, 'process', this.#names.get(pid) ?? '?', () => `process ${pid}`, socket);
  }

  #door(door: SocketFacts): Growing {
    const note = (sockets: ReadonlySet<number>) => {
      const count = this.#connections(door, sockets);
      return `${door.kind}, ${count > 0 ? `${count} connected` : 'listens'}`;
    };
    return this.#box(`door ${door.kind} ${door.fileId}`, 'door', door.local, note, door);
  }

  /** Of a connection with both ends in the checkpoint one counts. */
  #connections(door: SocketFacts, sockets: ReadonlySet<number>): number {
    return [...sockets].filter((fileId) => {
      const socket = this.#byId.get(fileId);
      const isSecond = socket?.isCalled && socket.peer.fileId !== null && sockets.has(socket.peer.fileId);
      return fileId !== door.fileId && !isSecond;
    }).length;
  }

  /** Who calls comes from any port; who is called is at one. */
  #outside(socket: SocketFacts): Growing {
    const { kind, isCalled, remote, remoteHost } = socket;
    const title = (isCalled ? remoteHost : remote) ?? '?';
    const note = ({ size: count }: ReadonlySet<number>) =>
      `${kind}, ${isCalled ? 'called in' : 'was called'}${count > 1 ? `, ${count} times` : ''}`;
    return this.#box(`outside ${kind} ${isCalled ? 'from' : 'at'} ${title}`, 'outside', title, note, socket);
  }

  #box(key: string, column: Box['column'], title: string, note: Growing['note'], socket: SocketFacts): Growing {
    const box = this.#boxes.get(key) ?? { key, column, title, note, sockets: new Set(), sum: 0, joined: 0 };
    box.sockets.add(socket.fileId);
    this.#boxes.set(key, box);
    return box;
  }

  #join(from: Growing, to: Growing, kind: Line['kind'], { fileId, received, sent }: SocketFacts): void {
    from.sockets.add(fileId);
    to.sockets.add(fileId);
    const isForth = to.column !== 'process' || from.key < to.key;
    const [first, second] = isForth ? [from, to] : [to, from];
    const key = `${first.key}\n${second.key}`;
    const known = this.#lines.get(key) ?? { line: { from: first.key, to: second.key, kind }, sockets: new Map() };
    known.sockets.set(fileId, (received.bytes ?? 0) + (sent.bytes ?? 0));
    this.#lines.set(key, known);
  }

  done(): Graph {
    const of = (column: Box['column']) => [...this.#boxes.values()].filter((box) => box.column === column);
    const processes = of('process').sort((a, b) => pidOf(a) - pidOf(b));
    const rows = new Map(processes.map(({ key }, row) => [key, row]));
    for (const { line } of this.#lines.values()) {
      const [row, box] = [rows.get(line.from), this.#boxes.get(line.to)];
      if (row === undefined || !box) continue;
      box.sum += row;
      box.joined += 1;
    }
    // Beside what it is joined to: so few lines cross.
    const beside = (column: Box['column']) =>
      of(column).sort((a, b) => a.sum / (a.joined || 1) - b.sum / (b.joined || 1) || (a.title < b.title ? -1 : 1));
    const columns = [beside('door'), processes, beside('outside')];
    const boxes = columns.flatMap((column) =>
      column.slice(0, MOST).map(({ key, column: name, title, note, sockets }, row): Box => {
        return { key, column: name, title, note: note(sockets), row, sockets: [...sockets] };
      }),
    );
    const shown = new Set(boxes.map(({ key }) => key));
    const lines = [...this.#lines.values()].flatMap(({ line, sockets }): Line[] => {
      if (!shown.has(line.from) || !shown.has(line.to)) return [];
      const waiting = [...sockets.values()].reduce((sum, bytes) => sum + bytes, 0);
      return [{ ...line, sockets: [...sockets.keys()], waiting }];
    });
    return { boxes, lines, hidden: this.#boxes.size - boxes.length };
  }
}

function pidOf({ key }: Growing): number {
  return Number(key.slice('process '.length));
}
