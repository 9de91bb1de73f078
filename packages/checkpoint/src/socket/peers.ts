/** Who is connected to whom. Made in one pass, and asked in constant time. */
import type { file_entry, inet_sk_entry, unix_sk_entry } from '@stillframe/criu-image/proto';
import { connectionKeys, placeKeys } from './inet.ts';
import type { Peer } from './socket.ts';
import { LISTEN } from './unix.ts';

const NO_PEER: Peer = { place: 'none' };
const OUTSIDE: Peer = { place: 'outside' };
/** UDP and UDP-Lite, of which a bound socket takes what any other sends it. */
const UDP = [17, 136];

/** The sockets of a dump by what they are connected to. Where a forger made two the same, the first counts. */
export class SocketPeers {
  readonly #unix = new Map<number, unix_sk_entry>();
  readonly #pending = new Map<number, number>();
  readonly #connections = new Map<string, number>();
  readonly #bound = new Map<string, number>();

  constructor(entries: Iterable<file_entry>) {
    const all: unix_sk_entry[] = [];
    for (const { isk, usk } of entries) {
      if (usk) {
        all.push(usk);
        if (!this.#unix.has(usk.ino)) this.#unix.set(usk.ino, usk);
      } else if (isk) this.#addInet(isk);
    }
    for (const { peer } of all) {
      if (this.#unix.get(peer)?.state === LISTEN) this.#pending.set(peer, (this.#pending.get(peer) ?? 0) + 1);
    }
  }

  /** The other end of a file; `none` also for one that is no socket. */
  of({ isk, usk }: Pick<file_entry, 'isk' | 'usk'>): Peer {
    return isk ? this.ofInet(isk) : usk ? this.ofUnix(usk) : NO_PEER;
  }

  ofUnix({ ino, peer }: unix_sk_entry): Peer {
    if (peer === 0) return NO_PEER;
    const other = this.#unix.get(peer);
    if (!other) return OUTSIDE;
    if (other.state === LISTEN) return { place: 'listener', fileId: other.id };
    return { place: other.peer === ino ? 'here' : 'address', fileId: other.id };
  }

  /** Connections that a listening socket has not accepted. */
  pendingAt({ ino, state }: unix_sk_entry): number {
    return state === LISTEN ? (this.#pending.get(ino) ?? 0) : 0;
  }

  ofInet(socket: inet_sk_entry): Peer {
    const keys = connectionKeys(socket);
    if (!keys) return NO_PEER;
    const here = this.#connections.get(keys.other);
    if (here !== undefined) return { place: 'here', fileId: here };
    const { target } = placeKeys(socket);
    const address = target === undefined || !UDP.includes(socket.proto) ? undefined : this.#bound.get(target);
    return address === undefined ? OUTSIDE : { place: 'address', fileId: address };
  }

  #addInet(socket: inet_sk_entry): void {
    const own = connectionKeys(socket)?.own;
    if (own !== undefined && !this.#connections.has(own)) this.#connections.set(own, socket.id);
    const { bound } = placeKeys(socket);
    if (bound !== undefined && !this.#bound.has(bound)) this.#bound.set(bound, socket.id);
  }
}
