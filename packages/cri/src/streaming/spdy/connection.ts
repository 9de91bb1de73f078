/**
 * One side of a SPDY/3.1 connection after the upgrade: streams that the client opens, flow control both ways, pings,
 * and an orderly end. Kubernetes' own client (spdystream) neither grants nor keeps windows: this side's are
 * enforced only once the peer has shown that it knows them, and TCP holds back a peer that does not.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { serverError } from '../../errors.ts';
import { encodeFrame, type Frame, FrameReader, goAwayStatus, INITIAL_WINDOW_SIZE, resetStatus } from './frame.ts';
import { decodeHeaders, encodeHeaders, type SpdyHeaders } from './header-block.ts';
import { HeaderCompression } from './header-compression.ts';
import { SendWindow } from './send-window.ts';
import { INITIAL_WINDOW, SpdyStream, type StreamPort } from './stream.ts';

/** Bytes of data in one frame, so that streams take turns. */
const DATA_FRAME = 16 << 10;
/** Streams that a client may have open at once. */
const MOST_STREAMS = 1024;
/** Milliseconds until a client that does not hang up after the end is hung up on. */
const LINGER = 5_000;

export class SpdyConnection {
  /** Settles when the transport is gone, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #transport: Duplex;
  readonly #opened: ((stream: SpdyStream) => void) | undefined;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #compression = new HeaderCompression();
  readonly #window = new SendWindow();
  /** The last stream that the peer has opened, and the last of this side. */
  #lastStream = 0;
  #ownStream = -1;
  #received = 0;
  #closing = false;
  /** Frames are sent in the order of their making, one at a time. */
  #queue: Promise<void> = Promise.resolve();

  /**
   * A server where `opened` is given: it is called for each stream of the client, whose SYN_REPLY is on its way already.
   * A client otherwise.
   */
  constructor(transport: Duplex, opened?: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#opened = opened;
    transport.on('error', () => undefined);
    const reading = this.#readAll();
    this.closed = new Promise<void>((resolve) => transport.once('close', () => resolve())).then(async () => {
      // The transport may close before its last bytes have been looked at; nobody is waited for any more in that.
      for (const stream of this.#streams.values()) stream.release();
      this.#window.wake();
      await reading;
      this.#abandon();
    });
  }

  /** Opens a stream, as a client. What is written to it need not wait for the server's reply. */
  open(headers: SpdyHeaders): SpdyStream {
    if (this.#opened) throw new TypeError('a server opens no streams here');
    this.#ownStream += 2;
    const id = this.#ownStream;
    const stream = new SpdyStream(this.#port, id, headers, this.#window.initial);
    this.#streams.set(id, stream);
    this.#inTurn(async () => {
      const block = await this.#compression.compress(encodeHeaders(headers));
      const syn = { kind: 'syn-stream', stream: id, associated: 0, fin: false, unidirectional: false, block } as const;
      await this.#write(encodeFrame(syn));
    }).catch((error) => stream.destroy(error));
    return stream;
  }

  /** Tells the peer that both sides keep windows, and that its streams begin with `window` bytes; for a client. */
  announce(window: number = INITIAL_WINDOW): Promise<void> {
    this.#port.receiveWindow = window;
    this.#window.keep();
    const entries = [{ id: INITIAL_WINDOW_SIZE, flags: 0, value: window }];
    return this.#send(encodeFrame({ kind: 'settings', entries }));
  }

  /** Sends what is under way, says good-bye and hangs up. Streams that are still open end. */
  async close(status: number = goAwayStatus.ok): Promise<void> {
    if (this.#closing) return this.closed;
    this.#closing = true;
    await this.#answer(encodeFrame({ kind: 'go-away', lastStream: this.#lastStream, status }));
    this.#transport.end();
    // Hanging up at once would throw away what the peer has not read yet.
    const timer = setTimeout(() => this.#transport.destroy(), LINGER);
    await this.closed;
    clearTimeout(timer);
  }

  async #readAll(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const chunk of this.#transport.iterator({ destroyOnReturn: false })) {
        for (const frame of reader.push(chunk as Buffer)) await this.#frame(frame);
      }
    } catch {
      // Whatever is wrong with the peer's bytes, nothing after them can be trusted.
      this.#transport.resume();
      void this.close(goAwayStatus.protocolError);
      return;
    }
    this.#transport.destroy();
  }

  async #frame(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case 'syn-stream':
        return this.#synStream(frame);
      case 'data':
        return this.#data(frame);
      case 'rst-stream':
        this.#streams.get(frame.stream)?.destroy();
        return;
      case 'headers':
      case 'syn-reply':
        // Nothing here is told by later headers, but they are part of the one compressed stream.
        await this.#compression.expand(frame.block);
        return;
      case 'ping':
        // Those of this side's own numbers would answer a ping, and it sends none.
        if (frame.id % 2 === (this.#opened ? 1 : 0)) await this.#answer(encodeFrame(frame));
        return;
      case 'settings':
        for (const { id, value } of frame.entries) {
          if (id === INITIAL_WINDOW_SIZE) this.#window.setInitial(value, this.#streams.values());
        }
        return;
      case 'window-update':
        this.#window.grant(frame.stream === 0 ? undefined : this.#streams.get(frame.stream), frame);
        return;
      case 'go-away':
        // No more streams come; the client hangs up when it has seen the last one's end.
        this.#closing ||= this.#streams.size === 0;
        return;
      case 'unknown':
        return;
    }
  }

  async #synStream(frame: Frame & { kind: 'syn-stream' }): Promise<void> {
    const headers = decodeHeaders(await this.#compression.expand(frame.block));
    const { stream: id } = frame;
    const opened = this.#opened;
    if (!opened || id % 2 !== 1 || id <= this.#lastStream) {
      throw serverError('ERR_SPDY_PROTOCOL', `stream ${id} opened after ${this.#lastStream}`);
    }
    this.#lastStream = id;
    if (this.#closing || this.#streams.size >= MOST_STREAMS) {
      return this.#answer(encodeFrame({ kind: 'rst-stream', stream: id, status: resetStatus.refusedStream }));
    }
    const stream = new SpdyStream(this.#port, id, headers, this.#window.initial);
    this.#streams.set(id, stream);
    const block = encodeHeaders(new Map());
    await this.#inTurn(async () => {
      const reply = {
        kind: 'syn-reply',
        stream: id,
        fin: false,
        block: await this.#compression.compress(block),
      } as const;
      await this.#write(encodeFrame(reply));
    }).catch(() => undefined);
    opened(stream);
    if (frame.fin) await stream.receive(new Uint8Array(), true);
  }

  async #data({ stream: id, data, fin }: Frame & { kind: 'data' }): Promise<void> {
    this.#received += data.byteLength;
    if (this.#received >= INITIAL_WINDOW / 2) {
      const delta = this.#received;
      this.#received = 0;
      // The windows of streams bound what is held; the connection's own is given back at once.
      await this.#answer(encodeFrame({ kind: 'window-update', stream: 0, delta }));
    }
    if (id > Math.max(this.#lastStream, this.#ownStream))
      throw serverError('ERR_SPDY_PROTOCOL', `data for stream ${id}, which was never opened`);
    await this.#streams.get(id)?.receive(data, fin);
  }

  readonly #port: StreamPort & { receiveWindow: number } = {
    receiveWindow: INITIAL_WINDOW,
    sendData: async (stream, data) => {
      for (let offset = 0; offset < data.byteLength; ) {
        const room = await this.#window.room(stream, Math.min(DATA_FRAME, data.byteLength - offset));
        const piece = data.subarray(offset, offset + room);
        await this.#send(encodeFrame({ kind: 'data', stream: stream.id, fin: false, data: piece }));
        offset += room;
      }
    },
    sendEnd: (stream) =>
      this.#send(encodeFrame({ kind: 'data', stream: stream.id, fin: true, data: new Uint8Array() })),
    grant: (stream, delta) => {
      void this.#answer(encodeFrame({ kind: 'window-update', stream: stream.id, delta }));
    },
    closed: (stream, complete) => {
      this.#streams.delete(stream.id);
      this.#window.wake();
      if (complete || this.#transport.destroyed) return;
      void this.#answer(encodeFrame({ kind: 'rst-stream', stream: stream.id, status: resetStatus.cancel }));
    },
  };

  /** Sends what the peer can do without where it is gone. */
  #answer(bytes: Buffer): Promise<void> {
    return this.#send(bytes).catch(() => undefined);
  }

  #send(bytes: Buffer): Promise<void> {
    return this.#inTurn(() => this.#write(bytes));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #write(bytes: Buffer): Promise<void> {
    const transport = this.#transport;
    if (transport.destroyed || !transport.writable) throw serverError('ERR_SPDY_CLOSED', 'the connection is closed');
    if (transport.write(bytes)) return;
    await Promise.race([once(transport, 'drain'), once(transport, 'close')]).catch(() => undefined);
  }

  #abandon(): void {
    this.#closing = true;
    for (const stream of this.#streams.values()) stream.connectionLost();
    this.#window.wake();
    this.#compression[Symbol.dispose]();
  }
}
