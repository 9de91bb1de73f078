/** The connection between a shell in a copy and the page: what is written is held back until the page takes it, what is typed is bounded. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { TerminalNews, TerminalWish } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { LiveTerminal } from '../node/live-node.ts';
import { refusalOf } from './answer.ts';

/** Bytes of a message of the page, of one to it, and that are sent beyond what it has taken. */
const [MOST_INPUT, PIECE, AHEAD] = [64 << 10, 16 << 10, 256 << 10];
/** Bytes that were typed and that the shell has not taken. */
const MOST_UNTAKEN = 4 << 20;
const MOST_SIZE = 1000;

/** Connections that were upgraded. Disposing ends them all. */
export class TerminalSockets implements Disposable {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_INPUT, perMessageDeflate: false });

  /** Upgrades a request that may be answered; `open` is what it asks for, and what that throws is told to the page. */
  serve(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    open: (gone: AbortSignal) => Promise<LiveTerminal>,
  ): void {
    this.#sockets.handleUpgrade(request, socket, head, (opened) => void serve(opened, open));
  }

  [Symbol.dispose](): void {
    for (const each of this.#sockets.clients) each.terminate();
  }
}

/** Never rejects. */
async function serve(socket: WebSocket, open: (gone: AbortSignal) => Promise<LiveTerminal>): Promise<void> {
  const gone = new AbortController();
  const tell = (news: TerminalNews) => socket.send(JSON.stringify(news), () => undefined);
  socket.on('close', () => gone.abort(new DOMException('the page has gone', 'AbortError')));
  // It is closed then.
  socket.on('error', () => undefined);
  // Until there is something that it goes to.
  socket.pause();
  try {
    await using terminal = await open(gone.signal);
    const window = new Window();
    const close = () => {
      window.end();
      // What it writes then ends, which this waits for.
      void terminal[Symbol.asyncDispose]();
    };
    let [untaken, isTooMuch, typed] = [0, false, Promise.resolve()];
    // The page is not paused meanwhile: one that nobody listens to cannot be seen to go, and its shell would stay.
    const type = async (bytes: Uint8Array) => {
      await terminal.write(bytes);
      untaken -= bytes.length;
    };
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
      if (!isBinary) heed(wishOf(bytes.toString()), terminal, window);
      else {
        if (isTooMuch) return;
        untaken += bytes.length;
        isTooMuch = untaken > MOST_UNTAKEN;
        if (isTooMuch) close();
        else typed = typed.then(() => type(bytes)).catch(() => undefined);
      }
    });
    socket.on('close', close);
    socket.resume();
    tell({ kind: 'opened' });
    for await (const bytes of terminal.output)
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        await window.room(piece.length);
        gone.signal.throwIfAborted();
        await new Promise<void>((resolve) => socket.send(piece, () => resolve()));
      }
    if (isTooMuch) throw deskError('ERR_DESK_TOO_LARGE', 'more was typed than the shell reads');
    const ended = await terminal.ended;
    tell({ kind: 'ended', message: ended ?? null });
  } catch (error) {
    if (!gone.signal.aborted) tell({ kind: 'refused', ...refusalOf(error) });
  }
  socket.resume();
  socket.close();
}

/** How far the server is ahead of what the page has taken. */
class Window {
  #ahead = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  /** Resolves when so many bytes may be sent, which then are. */
  async room(bytes: number): Promise<void> {
    while (this.#ahead > 0 && this.#ahead + bytes > AHEAD && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#ahead += bytes;
  }

  taken(bytes: number): void {
    this.#ahead = Math.max(0, this.#ahead - bytes);
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }
}

function heed(wish: TerminalWish | undefined, terminal: LiveTerminal, window: Window): void {
  if (wish?.kind === 'taken' && isCount(wish.bytes, AHEAD * 2)) window.taken(wish.bytes);
  if (wish?.kind === 'size' && isCount(wish.columns, MOST_SIZE) && isCount(wish.rows, MOST_SIZE)) terminal.resize(wish);
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= most;
}

/** Undefined for what is none. */
function wishOf(text: string): TerminalWish | undefined {
  try {
    const wish: unknown = JSON.parse(text);
    return typeof wish === 'object' && wish !== null ? (wish as TerminalWish) : undefined;
  } catch {
    return undefined;
  }
}
