/** All sockets of a dump, each with the other end of it where that is in the checkpoint. Every join is one pass. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { OpenFiles } from '../fd/open-files.ts';
import { hasStream, inetSocket } from './inet.ts';
import { netlinkSocket, packetSocket } from './kernel-sockets.ts';
import { SocketPeers } from './peers.ts';
import type { Socket } from './socket.ts';
import { readTcpStream } from './tcp.ts';
import { unixSocket } from './unix.ts';

/**
 * Gives the sockets one by one, in the order of files.img, so that very many of them need not be held. What holds them is asked
 * of `open.holders(fileId)`.
 */
export async function* readSockets(
  images: ImageSet,
  open: OpenFiles,
  options: SignalOptions = {},
): AsyncGenerator<Socket> {
  const { machine } = open.files;
  const peers = new SocketPeers(open.files.entries());
  const interfaces = await readInterfaces(images, options);
  for (const { isk, usk, nlsk, psk } of open.files.entries()) {
    options.signal?.throwIfAborted();
    if (isk) {
      const stream = hasStream(isk) ? await readTcpStream(images, isk.ino, options) : undefined;
      yield inetSocket(isk, peers.ofInet(isk), stream, machine);
    } else if (usk) yield unixSocket(usk, peers.ofUnix(usk), peers.pendingAt(usk), open.queues, machine);
    else if (nlsk) yield netlinkSocket(nlsk, machine);
    else if (psk) yield packetSocket(psk, (namespace, index) => interfaces.get(`${namespace} ${index}`), machine);
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
