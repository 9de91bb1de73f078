/** Everything of one or several checkpoints that has a time, in the order of time. */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { type CaptureTimes, captureEvents } from './capture-events.ts';
import { byTime, type NotRecorded, type TimelineEvent, type TimelineSource } from './event.ts';
import { fileEvents } from './file-events.ts';
import { type LogTally, logEvents } from './log-events.ts';
import { mergeEvents } from './merge.ts';
import { timerEvents } from './timer-events.ts';

/** One checkpoint of a timeline. */
export interface TimelineInput {
  readonly checkpoint: Checkpoint;
  /** What its evidence says of times, where it has any. */
  readonly evidence?: CaptureTimes | undefined;
  /** Nanoseconds that its node's clock was ahead of true time: taken off every event of it. None by default. */
  readonly clockOffset?: bigint | undefined;
}

/** Options of readTimeline. */
export interface TimelineOptions {
  /** Nanoseconds since 1970; `to` is not part of it. */
  from?: bigint | undefined;
  to?: bigint | undefined;
  /** All by default. */
  sources?: readonly TimelineSource[] | undefined;
  signal?: AbortSignal | undefined;
}

/** An event and which of the checkpoints has it, counted from 0. */
export interface PlacedEvent extends TimelineEvent {
  readonly checkpoint: number;
}

/** A timeline. Read `events` once; what is known at its end only is in the rest. */
export interface Timeline {
  readonly events: AsyncIterable<readonly PlacedEvent[]>;
  /** Of each checkpoint. */
  readonly notRecorded: readonly (readonly NotRecorded[])[];
  readonly logs: readonly LogTally[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads what is small at once and logs as they are asked for: a log may have ten million lines. All times are those of the nodes'
 * clocks, less `clockOffset`. Throws what the readers throw.
 */
export async function readTimeline(inputs: readonly TimelineInput[], options: TimelineOptions = {}): Promise<Timeline> {
  const { signal, sources } = options;
  const wanted = (source: TimelineSource) => sources === undefined || sources.includes(source);
  const diagnostics: Diagnostic[] = [];
  const notRecorded: (readonly NotRecorded[])[] = [];
  const logs: LogTally[] = [];
  const streams: AsyncIterable<readonly PlacedEvent[]>[] = [];
  for (const [index, { checkpoint, evidence, clockOffset = 0n }] of inputs.entries()) {
    const capture = await captureEvents(checkpoint, evidence, { signal });
    const missing = [...capture.notRecorded];
    const small: TimelineEvent[] = capture.events.filter(({ source }) => wanted(source));
    if (wanted('file')) {
      const files = await fileEvents(checkpoint, (faults) => void diagnostics.push(...faults), { signal });
      for (const event of files.events) small.push(event);
      missing.push(...files.notRecorded);
    }
    if (wanted('timer') && capture.begin)
      for (const event of await timerEvents(checkpoint, capture.begin, { signal })) small.push(event);
    notRecorded.push(missing);
    small.sort(byTime);
    const place = (stream: AsyncIterable<readonly TimelineEvent[]>) =>
      streams.push(within(stream, index, clockOffset, options));
    place(once(small));
    const tally = { untimed: 0, outOfOrder: 0 };
    logs.push(tally);
    const { logEntry } = checkpoint.metadata;
    if (logEntry !== undefined && wanted('log') && checkpoint.archive.entries.get(logEntry)?.kind === 'file')
      place(logEvents(checkpoint.archive.open(logEntry), logEntry, tally, { signal }));
  }
  return { events: mergeEvents(streams), notRecorded, logs, diagnostics };
}

async function* once<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}

async function* within(
  stream: AsyncIterable<readonly TimelineEvent[]>,
  checkpoint: number,
  offset: bigint,
  { from, to }: TimelineOptions,
): AsyncGenerator<readonly PlacedEvent[]> {
  for await (const batch of stream) {
    const placed: PlacedEvent[] = [];
    for (const event of batch) {
      const time = event.time - offset;
      if ((from === undefined || time >= from) && (to === undefined || time < to))
        placed.push({ ...event, time, checkpoint });
    }
    yield placed;
  }
}
