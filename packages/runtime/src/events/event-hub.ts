/** Tells whoever listens what happens to sandboxes and containers; a slow listener is cut off, never waited for. */
import { runtimeError } from '../errors.ts';
import type { SandboxRecord } from '../store/records.ts';

export type NodeEventKind = 'created' | 'started' | 'stopped' | 'deleted';

export interface NodeEvent {
  kind: NodeEventKind;
  /** Of a container, or of the sandbox itself. */
  id: string;
  /** As it was when it happened. */
  sandbox: SandboxRecord;
  /** Nanoseconds since 1970, as a decimal string. */
  at: string;
}

/** Events that may wait for one listener. */
const QUEUE = 1024;

interface Listener {
  queue: NodeEvent[];
  overrun: boolean;
  wake: () => void;
}

export class EventHub {
  readonly #listeners = new Set<Listener>();
  #closed = false;

  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) {
      if (listener.queue.length < QUEUE) listener.queue.push(event);
      else listener.overrun = true;
      listener.wake();
    }
  }

  /** Number of listeners, for the daemon's own metrics. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Events from this call on, until `signal` aborts or the hub closes. Throws ERR_EVENTS_OVERRUN once more wait than
   * are kept: the listener must look at everything anew.
   */
  subscribe(signal: AbortSignal): AsyncIterableIterator<NodeEvent> {
    const listener: Listener = { queue: [], overrun: false, wake: () => undefined };
    const wake = () => listener.wake();
    // Not in the generator: what happens before the first look must not be lost.
    this.#listeners.add(listener);
    signal.addEventListener('abort', wake, { once: true });
    const gone = () => {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', wake);
    };
    return this.#events(listener, signal, gone);
  }

  async *#events(listener: Listener, signal: AbortSignal, gone: () => void): AsyncGenerator<NodeEvent> {
    try {
      while (!signal.aborted) {
        const event = listener.queue.shift();
        if (event) {
          yield event;
        } else if (listener.overrun) {
          throw runtimeError('ERR_EVENTS_OVERRUN', `more than ${QUEUE} events wait for this listener`);
        } else if (this.#closed) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
        }
      }
    } finally {
      gone();
    }
  }

  /** Ends every subscription once what waits for it is delivered. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.wake();
  }
}
