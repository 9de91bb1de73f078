/** Connections of a desk: anybody on this machine can make some, and none of these must keep the page out. */
import type { IncomingMessage, Server } from 'node:http';

type Socket = IncomingMessage['socket'];

/** Connections at once, and those of them that have not shown a session. A page makes six. */
const [MOST, MOST_STRANGERS] = [128, 32];

/** Who is connected. Where there is one stranger too many the first of them goes, so that whoever comes is heard. */
export class Visitors {
  /** In the order in which they came. */
  readonly #strangers = new Set<Socket>();

  constructor(server: Server) {
    server.maxConnections = MOST;
    server.on('connection', (socket) => this.#meet(socket));
  }

  /** It has shown a session, and stays. */
  know(socket: Socket): void {
    this.#strangers.delete(socket);
  }

  #meet(socket: Socket): void {
    this.#strangers.add(socket);
    socket.once('close', () => this.#strangers.delete(socket));
    if (this.#strangers.size <= MOST_STRANGERS) return;
    const [first] = this.#strangers;
    first?.destroy();
  }
}
