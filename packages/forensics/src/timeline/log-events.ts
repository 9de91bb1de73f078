/** The log of a container, line by line with the time of each, in the formats of the engines: CRI and k8s-file, and json-file. */
import { type ByteSource, isObject, streamOf } from '@stillframe/core';
import type { SignalOptions } from '@stillframe/criu-image';
import { byTime, type TimelineEvent } from './event.ts';
import { type ReadTime, readTime } from './time.ts';

/** Bytes of a line that are kept, and lines that are put in order at once: two streams of a program are written side by side. */
const LONGEST = 64 << 10;
const WINDOW = 8192;

/** What a log has beside its lines. */
export interface LogTally {
  /** Lines with no time of their own: they have that of the line before. */
  untimed: number;
  /** Lines that come so late that they stand behind later ones. */
  outOfOrder: number;
}

/**
 * Yields the lines in batches by ascending time. Lines with an earlier time than what was given out already, as after a clock that
 * was set back, come where they stand and say `outOfOrder`. Memory is bounded, however long log and lines are.
 */
export async function* logEvents(
  log: ByteSource,
  entry: string,
  tally: LogTally,
  options: SignalOptions = {},
): AsyncGenerator<readonly TimelineEvent[], void, undefined> {
  let held: TimelineEvent[] = [];
  let latest: bigint | undefined;
  const inOrder = (events: TimelineEvent[]) => {
    return events.map((event) => {
      if (latest === undefined || event.time >= latest) {
        latest = event.time;
        return event;
      }
      tally.outOfOrder += 1;
      return { ...event, fields: { ...event.fields, outOfOrder: true } };
    });
  };
  for await (const events of linesOf(log, entry, tally, options)) {
    held = held.concat(events);
    if (held.length < 2 * WINDOW) continue;
    sort(held);
    yield inOrder(held.splice(0, held.length - WINDOW));
  }
  sort(held);
  yield inOrder(held);
}

/** Nearly all logs are in order. */
function sort(events: TimelineEvent[]): void {
  if (!events.every((event, i) => i === 0 || (events[i - 1]?.time ?? 0n) <= event.time)) events.sort(byTime);
}

async function* linesOf(
  log: ByteSource,
  entry: string,
  tally: LogTally,
  options: SignalOptions,
): AsyncGenerator<TimelineEvent[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let last: ReadTime | undefined;
  let within = false;
  const eventAt = (line: Buffer, bytes: number, goesOn: boolean): TimelineEvent | undefined => {
    const read = within ? undefined : readLine(line);
    const time = read?.time ?? last;
    if (!within && !read?.time) tally.untimed += 1;
    last = time;
    const reference = { kind: 'entry', name: entry, offset, bytes } as const;
    offset += bytes;
    if (!time) return undefined;
    const { text, stream, partial } = read ?? { text: textOf(line), stream: undefined, partial: false };
    const fields = { ...(stream ? { stream } : {}), ...(partial || goesOn || within ? { partial: true } : {}) };
    return { ...time, source: 'log', description: 'written', message: text, clock: 'log', reference, fields };
  };
  for await (const chunk of streamOf(log, options)) {
    const bytes =
      rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
    const events: TimelineEvent[] = [];
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      const whole = end >= 0 && end - from <= LONGEST;
      if (!whole && bytes.length - from <= LONGEST) break;
      const to = whole ? end : from + LONGEST;
      const event = eventAt(bytes.subarray(from, to), to - from + (whole ? 1 : 0), !whole);
      if (event) events.push(event);
      within = !whole;
      from = whole ? to + 1 : to;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (events.length > 0) yield events;
  }
  const event = rest.length > 0 ? eventAt(rest, rest.length, false) : undefined;
  if (event) yield [event];
}

interface Line {
  readonly time: ReadTime | undefined;
  readonly text: string;
  readonly stream: string | undefined;
  readonly partial: boolean;
}

const textOf = (bytes: Buffer): string => bytes.toString('utf8');

/** `<time> stdout|stderr F|P <text>`, else `{"log":…,"stream":…,"time":…}`, else a line of nobody. */
function readLine(line: Buffer): Line {
  if (line[0] === 0x7b)
    return jsonLine(line) ?? { time: undefined, text: textOf(line), stream: undefined, partial: false };
  const space = line.subarray(0, 40).indexOf(0x20);
  const time = space < 0 ? undefined : engineTime(line.toString('latin1', 0, space));
  if (!time) return { time, text: textOf(line), stream: undefined, partial: false };
  const next = line.indexOf(0x20, space + 1);
  const stream = next < 0 ? '' : line.toString('latin1', space + 1, next);
  const tag = line.toString('latin1', next + 1, next + 2);
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'F' && tag !== 'P'))
    return { time, text: textOf(line.subarray(space + 1)), stream: undefined, partial: false };
  return { time, text: textOf(line.subarray(next + 3)), stream, partial: tag === 'P' };
}

function jsonLine(line: Buffer): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(textOf(line));
  } catch {
    // A line of the program's own that begins with a brace.
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { log, stream, time } = value;
  if (typeof log !== 'string' || typeof time !== 'string') return undefined;
  const partial = !log.endsWith('\n');
  const text = partial ? log : log.slice(0, -1);
  return { time: readTime(time), text, stream: typeof stream === 'string' ? stream : undefined, partial };
}

/** The second of the last line: most lines share theirs with the one before. */
const known = { text: '', nanoseconds: 0n };

/** As readTime, for UTC in the form that logs have; anything else the slow way. */
function engineTime(text: string): ReadTime | undefined {
  const isPlain = text.length === 30 && text.endsWith('Z') && text[19] === '.';
  if (!isPlain) return readTime(text);
  const second = text.slice(0, 19);
  if (second !== known.text) {
    const read = readTime(`${second}Z`);
    if (!read) return undefined;
    Object.assign(known, { text: second, nanoseconds: read.time });
  }
  const fraction = Number(text.slice(20, 29));
  if (!Number.isInteger(fraction) || fraction < 0) return undefined;
  return { time: known.nanoseconds + BigInt(fraction), precision: 'nanoseconds' };
}
