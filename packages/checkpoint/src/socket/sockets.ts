/** All sockets of a dump, each with the other end of it where that is in the checkpoint. Every join is one pass. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { file_entry, inet_sk_entry, unix_sk_entry } from '@stillframe/criu-image/proto';
import type { OpenFiles } from '../fd/open-files.ts';
import { connectionKeys, hasStream, inetSocket, placeKeys } from './inet.ts';
import { netlinkSocket, packetSocket } from './kernel-sockets.ts';
import type { Peer, Socket } from './socket.ts';
import { readTcpStream } from './tcp.ts';
import { LISTEN, unixSocket } from './unix.ts';

const NO_PEER: Peer = { place: 'none' };
const OUTSIDE: Peer = { place: 'outside' };
const UDP = [17, 136];

/**
 * Gives the sockets one by one, in the order of files.img, so that very many of them need not be held. What holds them is asked
 * of `open.holders(fileId)`.
 */
export async function* readSockets(
  images: ImageSet,
  open: OpenFiles,
  options: SignalOptions = {},
): AsyncGenerator<Socket> {
  const peers = new Peers(open.files.entries());
  const interfaces = await readInterfaces(images, options);
  for (const { isk, usk, nlsk, psk } of open.files.entries()) {
    options.signal?.throwIfAborted();
    if (isk) {
      const stream = hasStream(isk) ? await readTcpStream(images, isk.ino, options) : undefined;
      yield inetSocket(isk, peers.ofInet(isk), stream);
    } else if (usk) yield unixSocket(usk, peers.ofUnix(usk), peers.pendingAt(usk), open.queues);
    else if (nlsk) yield netlinkSocket(nlsk);
    else if (psk) yield packetSocket(psk, (namespace, index) => interfaces.get(`${namespace} ${index}`));
  }
}

/** Who is connected to whom. Where a forger made two the same, the first counts. */
class Peers {
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

/** Names of network interfaces by namespace and number, of the namespaces whose devices were dumped. */
async function readInterfaces(images: ImageSet, options: SignalOptions): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const namespace of images.ids('netdev')) {
    for await (const { ifindex, name } of images.entries('netdev', namespace, options)) {
      const key = `${namespace} ${ifindex}`;
      if (!names.has(key)) names.set(key, name);
    }
  }
  return names;
}
