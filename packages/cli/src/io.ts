/** The outside world of a command: streams, environment and the signal that ends it. Read here and nowhere else. */
import { once } from 'node:events';

export interface Io {
  /** Writes to stdout: the result and nothing else. */
  out(text: string): void;
  /** As `out`, for results of any size: resolves once stdout takes more. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** What comes in on stdin; asked for only by commands that read it. */
  input(): AsyncIterable<Uint8Array>;
  /** Writes to stderr: progress, warnings, errors. */
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout is a terminal, so that colour helps. */
  readonly colour: boolean;
  /** Whether stderr is a terminal, so that progress may be drawn. */
  readonly interactive: boolean;
  /** Told how far long work is, in place of a line on stderr, where a command's work is done for somebody else. */
  readonly watched?: ((title: string, done: number, total: number) => void) | undefined;
  /** Whether stdin is a terminal too, so that somebody can be asked. */
  readonly answering: boolean;
  /** Columns of the terminal; 100 where there is none. */
  readonly width: number;
  /** The words of the command, without the program’s. */
  readonly argv?: readonly string[];
  /** Aborts on the first SIGINT or SIGTERM; a second one kills. */
  readonly signal: AbortSignal;
}

export function openIo(process: NodeJS.Process): Io {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => ending.abort(new DOMException(`ended by ${name}`, 'AbortError')));
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that goes away, such as `head`, is no failure.
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(
      `stillframe: the result cannot be written to stdout: ${error.message}  [${error.code ?? 'unknown'}]\n`,
    );
    process.exit(1);
  });
  const colour = process.env['NO_COLOR'] === undefined && process.stdout.isTTY === true;
  return {
    out: (text) => void process.stdout.write(text),
    write: async (chunk) => {
      if (!process.stdout.write(chunk)) await once(process.stdout, 'drain', { signal: ending.signal });
    },
    input: () => process.stdin,
    err: (text) => void process.stderr.write(text),
    env: process.env,
    colour,
    interactive: process.stderr.isTTY === true,
    answering: process.stderr.isTTY === true && process.stdin.isTTY === true,
    width: process.stdout.columns ?? 100,
    argv: process.argv.slice(2),
    signal: ending.signal,
  };
}
