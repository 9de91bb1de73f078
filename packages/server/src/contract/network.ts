/** Sockets: who holds them, who is at the other end, and what waits in them. */

/** Bytes of one queue. */
export interface QueueFacts {
  /** Null where the dump does not tell. */
  readonly bytes: number | null;
  /** As `preview` takes it; null where there is nothing to be read. */
  readonly things: readonly string[];
}

export interface SocketFacts {
  /** CRIU's id of the open file. */
  readonly fileId: number;
  /** `tcp`, `udp`, `raw-icmp`, `unix-stream`, `packet-raw`, `netlink-route`… */
  readonly kind: string;
  readonly group: 'internet' | 'unix' | 'other';
  readonly state: string;
  /** `listens`: takes connections, or what anybody sends. `speaks`: has another end. */
  readonly role: 'listens' | 'speaks' | 'idle';
  /** `127.0.0.1:80`, a path, `@name`, `[inode]`. */
  readonly local: string;
  readonly remote: string | null;
  /** Without its port, of an Internet socket that speaks. */
  readonly remoteHost: string | null;
  /** The other end: `outside` of the checkpoint, or the socket of that file id. */
  readonly peer: { readonly place: string; readonly fileId: number | null };
  /** The listening socket that it came in by, or was made to; null where none is in the checkpoint. */
  readonly door: number | null;
  /** Whether it is the end that was called. */
  readonly isCalled: boolean;
  readonly holders: readonly { readonly pid: number; readonly fd: string }[];
  /** The list holds the first ones. */
  readonly holdersTotal: number;
  readonly received: QueueFacts;
  readonly sent: QueueFacts;
  /** Connections that may wait to be accepted; null where it does not listen. */
  readonly backlog: number | null;
}

export interface SocketList {
  readonly sockets: readonly SocketFacts[];
  readonly total: number;
  /** Of holders. */
  readonly names: readonly { readonly pid: number; readonly name: string | null }[];
}
