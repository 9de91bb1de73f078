/** One stream of a SPDY connection, as a Duplex whose two directions end one by one. */
import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './header-block.ts';

/** Bytes that a stream or connection may send before it is granted more (SPDY/3.1). */
export const INITIAL_WINDOW = 64 << 10;
/** Bytes held for a reader of a peer that keeps to no window, before the whole connection waits for the reader. */
const OVERFLOW = 256 << 10;

/** What a stream needs of its connection. */
export interface StreamPort {
  /** Bytes that the peer may send before it is granted more. */
  readonly receiveWindow: number;
  /** Resolves when the bytes are on their way. Rejects when the connection is gone. */
  sendData(stream: SpdyStream, data: Uint8Array): Promise<void>;
  sendEnd(stream: SpdyStream): Promise<void>;
  /** Lets the peer send `delta` more bytes. */
  grant(stream: SpdyStream, delta: number): void;
  /** The stream is over; `complete` when both directions had their end. */
  closed(stream: SpdyStream, complete: boolean): void;
}

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  /** Bytes that this side may still send; below zero where a peer without windows was sent more. */
  sendWindow: number;
  readonly #port: StreamPort;
  #notGranted = 0;
  #remoteEnded = false;
  #room: (() => void) | undefined;
  #released = false;

  constructor(port: StreamPort, id: number, headers: SpdyHeaders, sendWindow: number) {
    super({ readableHighWaterMark: INITIAL_WINDOW, writableHighWaterMark: INITIAL_WINDOW, allowHalfOpen: true });
    this.#port = port;
    this.id = id;
    this.headers = headers;
    this.sendWindow = sendWindow;
    // A peer may reset any stream at any time; whoever uses it sees it close.
    this.on('error', () => undefined);
  }

  /** Takes data of the peer; resolves when more may come. */
  async receive(data: Uint8Array, fin: boolean): Promise<void> {
    if (this.#remoteEnded || this.destroyed) return;
    if (data.byteLength > 0) {
      this.#notGranted += data.byteLength;
      this.push(data);
      this.#grant();
    }
    if (fin) {
      this.#remoteEnded = true;
      this.push(null);
    }
    if (this.readableLength > OVERFLOW && !this.#released) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
  }

  /** The peer is gone: the rest is taken however much it is, since there will be no more. */
  release(): void {
    this.#released = true;
    this.#room?.();
  }

  /** What came in whole can still be read. */
  connectionLost(): void {
    if (!this.#remoteEnded || this.readableEnded) this.destroy();
    else this.once('end', () => this.destroy());
  }

  override read(size?: number) {
    const chunk = super.read(size);
    this.#grant();
    return chunk;
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#port.sendData(this, chunk).then(() => callback(), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#port.sendEnd(this).then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#room?.();
    this.#port.closed(this, this.#remoteEnded && this.writableFinished);
    callback(error);
  }

  #grant(): void {
    if (this.readableLength <= OVERFLOW) this.#room?.();
    const consumed = this.#notGranted - this.readableLength;
    // In halves of the window: a frame for each byte would cost more than the bytes.
    if (consumed < this.#port.receiveWindow / 2 || this.#remoteEnded) return;
    this.#notGranted -= consumed;
    this.#port.grant(this, consumed);
  }
}
