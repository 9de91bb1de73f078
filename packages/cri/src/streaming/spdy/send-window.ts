/** How much may be sent: the windows of a connection and its streams, for peers that have shown that they know them. */
import { serverError } from '../../errors.ts';
import { INITIAL_WINDOW, type SpdyStream } from './stream.ts';

const LARGEST = 0x7fffffff;

export class SendWindow {
  /** What new streams begin with. */
  initial = INITIAL_WINDOW;
  #connection = INITIAL_WINDOW;
  #kept = false;
  #waiting: (() => void)[] = [];

  /** The peer knows windows. */
  keep(): void {
    this.#kept = true;
  }

  /** SETTINGS: streams begin with `value` bytes, and those that are open change by the difference. */
  setInitial(value: number, open: Iterable<SpdyStream>): void {
    if (value > LARGEST) throw serverError('ERR_SPDY_PROTOCOL', `a window of ${value} bytes`);
    for (const stream of open) stream.sendWindow += value - this.initial;
    this.initial = value;
    this.#kept = true;
    this.wake();
  }

  /** WINDOW_UPDATE, for the connection (`stream` 0) or for a stream, which may be gone (undefined). */
  grant(stream: SpdyStream | undefined, { delta, stream: id }: { delta: number; stream: number }): void {
    this.#kept = true;
    if (id === 0) this.#connection = demandSmall(this.#connection + delta);
    else if (stream) stream.sendWindow = demandSmall(stream.sendWindow + delta);
    this.wake();
  }

  /** Takes up to `wanted` bytes as soon as there is room. Throws ERR_SPDY_CLOSED where the stream is gone meanwhile. */
  async room(stream: SpdyStream, wanted: number): Promise<number> {
    for (;;) {
      if (stream.destroyed) throw serverError('ERR_SPDY_CLOSED', `stream ${stream.id} is closed`);
      const free = this.#kept ? Math.min(wanted, stream.sendWindow, this.#connection) : wanted;
      if (free > 0) {
        stream.sendWindow -= free;
        this.#connection -= free;
        return free;
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function demandSmall(window: number): number {
  if (window > LARGEST) throw serverError('ERR_SPDY_PROTOCOL', 'a window of more than 2^31 - 1 bytes');
  return window;
}
