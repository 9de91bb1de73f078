/** One line of a CRI log: `TIME STREAM TAGS TEXT`. */

export interface LogLine {
  /** RFC 3339 with nanoseconds, as the runtime wrote it. */
  readonly time: string;
  readonly stream: string;
  /** Whether the text goes on with the next line of its stream. */
  readonly partial: boolean;
  /** What the container wrote, with its line feed where it is the end of a line. */
  readonly text: Uint8Array;
}

/** Bytes that time, stream and tags may take together. */
const HEAD_LIMIT = 256;
const SPACE = 0x20;

/** Reads a line, its line feed included. Undefined for what is no line of a CRI log. */
export function parseLogLine(line: Uint8Array): LogLine | undefined {
  const first = line.indexOf(SPACE);
  const second = first < 0 ? -1 : line.indexOf(SPACE, first + 1);
  if (second < 0 || second > HEAD_LIMIT) return undefined;
  const ends = [line.indexOf(SPACE, second + 1), line.indexOf(0x0a, second + 1)].filter((at) => at >= 0);
  const end = Math.min(...ends, line.length);
  if (end - second > HEAD_LIMIT) return undefined;
  const word = (from: number, to: number) => Buffer.from(line.subarray(from, to)).toString('latin1');
  const stream = word(first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const [tag = ''] = word(second + 1, end).split(':');
  if (tag !== 'P' && tag !== 'F') return undefined;
  const partial = tag === 'P';
  const from = line[end] === SPACE ? end + 1 : end;
  const feed = partial && line.at(-1) === 0x0a ? 1 : 0;
  return { time: word(0, first), stream, partial, text: line.subarray(from, line.length - feed) };
}
