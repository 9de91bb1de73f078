/** A live conversation with a process of a container: what exec and attach give to whoever carries it over the wire. */
import type { Readable, Writable } from 'node:stream';

/** Size of a terminal in characters. */
export interface TerminalSize {
  width: number;
  height: number;
}

export interface StreamSession extends AsyncDisposable {
  /** Ending it is the half-close: the process reads the end of its input. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** Undefined where there is a terminal, which knows one output only. */
  readonly stderr: Readable | undefined;
  /** Does nothing where there is no terminal. */
  resize(size: TerminalSize): Promise<void>;
  /** Exit code of an exec, 128 and more for a signal; 0 when an attached container ends. Outputs end before or soon after. */
  readonly ended: Promise<number>;
}

/** A size that a terminal can have, or undefined: a client may send anything. */
export function terminalSize(width: unknown, height: unknown): TerminalSize | undefined {
  const good = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
  return good(width) && good(height) ? { width, height } : undefined;
}
