/** What has a time, of any span: counted by source for the picture, and the first events for the list. */
import type { Checkpoint } from '@stillframe/checkpoint';
import {
  isoTime,
  type PlacedEvent,
  readTime,
  readTimeline,
  TIMELINE_SOURCES,
  type TimelineSource,
} from '@stillframe/forensics';
import type { DeskCase } from '../case.ts';
import type { EventFacts, Span, TimelineAnswer } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { Question } from '../http/question.ts';
import { placeOf } from './places.ts';
import type { AnswerRoute } from './route.ts';

/** Events that are listed, parts that a span is counted by, and characters of a message. */
const [MOST, PARTS, LONGEST] = [400, 160, 500];
/** Events that are kept, and bytes of a log up to which its lines are: a longer one is gone through at each look. */
const [MOST_KEPT, SMALL_LOG] = [200_000, 4 << 20];
/** Nanoseconds that a date can tell, either side of 1970. */
const FARTHEST = 8_640_000_000_000_000_000_000n;

/** What is kept of a checkpoint. */
interface Kept {
  readonly events: readonly PlacedEvent[];
  readonly leftOut: number;
  readonly notRecorded: TimelineAnswer['notRecorded'];
  /** First and last of all events, those of a long log as well. */
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
  readonly totals: ReadonlyMap<TimelineSource, number>;
  readonly isLogKept: boolean;
}

export const timeline: AnswerRoute<'timeline'> = async ({ one, question, signal }): Promise<TimelineAnswer> => {
  const [from, to] = [timeIn(question, 'from'), timeIn(question, 'to')];
  const wanted = sourcesIn(question);
  const kept = await one.keep('timeline', (until) => readKept(one, until));
  const { metadata } = one.checkpoint;
  const told = {
    created: timeText(metadata.created),
    checkpointed: timeText(metadata.checkpointed),
    ...{ notRecorded: kept.notRecorded, leftOut: kept.leftOut },
  };
  const { first, last } = kept;
  if (first === undefined || last === undefined)
    return { whole: null, span: null, lanes: [], events: [], total: 0, ...told };
  const whole = { from: first, to: last + 1n };
  const span = from === undefined || to === undefined ? whole : { from, to };
  if (span.to <= span.from) throw deskError('ERR_DESK_QUESTION', 'to is a time after from');
  const counting = new Counting(span, wanted);
  counting.add(kept.events);
  if (!kept.isLogKept) for await (const batch of logOf(one.checkpoint, span, signal)) counting.add(batch);
  return {
    ...{ whole: spanText(whole), span: spanText(span) },
    lanes: TIMELINE_SOURCES.filter((source) => kept.totals.has(source)).map((source) => ({
      source,
      total: kept.totals.get(source) ?? 0,
      counts: counting.counts(source),
    })),
    events: counting.events().map(factsOf),
    total: counting.total,
    ...told,
  };
};

/** Goes through everything once. */
async function readKept(one: DeskCase, signal: AbortSignal): Promise<Kept> {
  const { checkpoint } = one;
  const { logEntry } = checkpoint.metadata;
  const log = logEntry === undefined ? undefined : checkpoint.archive.entries.get(logEntry);
  const isLogKept = (log?.size ?? 0) <= SMALL_LOG;
  const read = await readTimeline([{ checkpoint, evidence: await one.times() }], { signal });
  const events: PlacedEvent[] = [];
  const totals = new Map<TimelineSource, number>();
  let [first, last, leftOut]: [bigint | undefined, bigint | undefined, number] = [undefined, undefined, 0];
  for await (const batch of read.events) {
    signal.throwIfAborted();
    for (const event of batch) {
      const { time, source } = event;
      first = first === undefined || time < first ? time : first;
      last = last === undefined || time > last ? time : last;
      totals.set(source, (totals.get(source) ?? 0) + 1);
      if (source === 'log' && !isLogKept) continue;
      if (events.length < MOST_KEPT) events.push(event);
      else leftOut += 1;
    }
  }
  const notRecorded = read.notRecorded.flat().map(({ what, reason }) => ({ what, reason }));
  return { ...{ events, leftOut, notRecorded, first, last, totals, isLogKept } };
}

async function* logOf(checkpoint: Checkpoint, span: { from: bigint; to: bigint }, signal: AbortSignal) {
  yield* (await readTimeline([{ checkpoint }], { ...span, sources: ['log'], signal })).events;
}

/** Counts what falls into a span, and keeps the first of it. */
class Counting {
  total = 0;
  readonly #from: bigint;
  readonly #to: bigint;
  readonly #wanted: ReadonlySet<TimelineSource>;
  readonly #counts = new Map<TimelineSource, number[]>();
  #events: PlacedEvent[] = [];

  constructor({ from, to }: { from: bigint; to: bigint }, wanted: ReadonlySet<TimelineSource>) {
    this.#from = from;
    this.#to = to;
    this.#wanted = wanted;
  }

  add(events: readonly PlacedEvent[]): void {
    const width = this.#to - this.#from;
    for (const event of events) {
      const { time, source } = event;
      if (time < this.#from || time >= this.#to) continue;
      const part = Number(((time - this.#from) * BigInt(PARTS)) / width);
      const counts = this.#counts.get(source) ?? new Array<number>(PARTS).fill(0);
      counts[part] = (counts[part] ?? 0) + 1;
      this.#counts.set(source, counts);
      if (!this.#wanted.has(source)) continue;
      this.total += 1;
      this.#events.push(event);
      if (this.#events.length > 8 * MOST) this.#events = this.events();
    }
  }

  counts(source: TimelineSource): readonly number[] {
    return this.#counts.get(source) ?? [];
  }

  events(): PlacedEvent[] {
    return [...this.#events].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).slice(0, MOST);
  }
}

function factsOf({ time, source, description, message, precision, clock, reference }: PlacedEvent): EventFacts {
  const digits = precision === 'seconds' ? 0 : precision === 'milliseconds' ? 3 : precision === 'nanoseconds' ? 9 : 6;
  return {
    time: String(time),
    text: `${isoTime(time, digits)?.replace(/\.$/, '') ?? '?'}Z`,
    ...{ source, what: description, message: message.slice(0, LONGEST), precision, clock },
    place: reference ? placeOf(reference) : null,
  };
}

function timeIn(question: Question, name: string): bigint | undefined {
  const text = question.text(name);
  if (text === '') return undefined;
  const time = /^-?\d{1,22}$/.test(text) ? BigInt(text) : undefined;
  if (time === undefined || time > FARTHEST || time < -FARTHEST)
    throw deskError('ERR_DESK_QUESTION', `${name} is a time in nanoseconds since 1970`);
  return time;
}

function sourcesIn(question: Question): ReadonlySet<TimelineSource> {
  const names = question.text('sources').split(',').filter(Boolean);
  const known = TIMELINE_SOURCES.filter((source) => names.includes(source));
  if (known.length !== names.length)
    throw deskError('ERR_DESK_QUESTION', `sources are of ${TIMELINE_SOURCES.join(', ')}`);
  return new Set(known);
}

function timeText(time: string | undefined): string | null {
  const read = readTime(time);
  return read ? String(read.time) : null;
}

function spanText({ from, to }: { from: bigint; to: bigint }): Span {
  return { from: String(from), to: String(to) };
}
