/**
 * Several connections over one socket (containerd/nri, pkg/net/multiplex): frames of a connection's id and a length, 32
 * bits big-endian each, and that many bytes. Connections are not opened or closed on the wire, they are just used.
 */
import type { Duplex } from 'node:stream';
import { nriError } from './errors.ts';
import { FrameCutter } from './frames.ts';
import { MESSAGE_LIMIT } from './ttrpc.ts';

/** Ids of the two that NRI has, by who answers calls on it. */
export const connections = { plugin: 1, runtime: 2 } as const;

const HEADER = 8;
/** A message with its own header of ten bytes. */
const FRAME_LIMIT = MESSAGE_LIMIT + 10;
/**
 * Bytes of the first frame of a message. Readers in Go take a message's header through a buffer of this size, and a
 * frame that does not fit into it ends the connection; what follows is read straight into the message's own space.
 */
const FIRST_FRAME = 4096;
/** Bytes that may wait to be read by a peer before it counts as gone. */
const UNREAD_LIMIT = 16 << 20;
/** Milliseconds for a peer to read what is still to be sent. */
const FAREWELL = 500;

export class Mux {
  readonly #trunk: Duplex;
  readonly #listeners = new Map<number, (bytes: Buffer) => void>();
  readonly #frames = new FrameCutter({ name: 'frame', header: HEADER, lengthAt: 4, limit: FRAME_LIMIT });
  readonly #closed = Promise.withResolvers<Error>();
  #open = true;

  constructor(trunk: Duplex) {
    this.#trunk = trunk;
    trunk.on('data', (bytes: Buffer) => this.#receive(bytes));
    trunk.on('error', (error) => this.close(error));
    trunk.on('close', () => this.close(nriError('ERR_NRI_CLOSED', 'the connection was closed')));
    trunk.on('end', () => this.close(nriError('ERR_NRI_CLOSED', 'the connection was closed')));
  }

  /** Settles with the reason once the socket is closed. */
  get closed(): Promise<Error> {
    return this.#closed.promise;
  }

  /** Hands what comes for the connection `id` to `listener`; what that throws closes the socket. */
  listen(id: number, listener: (bytes: Buffer) => void): void {
    this.#listeners.set(id, listener);
  }

  /** Sends one whole message; does nothing once the socket is closed. */
  write(id: number, message: Buffer): void {
    if (!this.#open) return;
    for (const part of [message.subarray(0, FIRST_FRAME), message.subarray(FIRST_FRAME)]) {
      if (part.length === 0) continue;
      const header = Buffer.alloc(HEADER);
      header.writeUInt32BE(id, 0);
      header.writeUInt32BE(part.length, 4);
      this.#trunk.write(header);
      this.#trunk.write(part);
    }
    if (this.#trunk.writableLength > UNREAD_LIMIT) {
      this.close(nriError('ERR_NRI_PROTOCOL', `the peer leaves ${this.#trunk.writableLength} bytes unread`));
    }
  }

  /** Closes the socket, once the peer has had a moment to read its last answer; `closed` settles with `reason`. */
  close(reason: Error): void {
    if (!this.#open) return;
    this.#open = false;
    const timer = setTimeout(() => this.#trunk.destroy(), FAREWELL);
    this.#trunk.once('close', () => clearTimeout(timer));
    this.#trunk.end(() => this.#trunk.destroy());
    this.#closed.resolve(reason);
  }

  #receive(bytes: Buffer): void {
    if (!this.#open) return;
    try {
      // What comes for a connection that nobody has is dropped, as by every other end of this protocol.
      for (const { header, data } of this.#frames.cut(bytes)) this.#listeners.get(header.readUInt32BE(0))?.(data);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
