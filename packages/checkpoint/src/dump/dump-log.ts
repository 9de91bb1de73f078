/** CRIU's own log of the dump (dump.log), of which warnings and errors are kept. Text is raw. */
import { type ByteSource, streamOf } from '@stillframe/core';
import type { SignalOptions } from '@stillframe/criu-image';
import type { Archive } from '../archive/open.ts';
import { imageFolder } from '../image-sets.ts';

/** A line that warns, or tells of an error. */
export interface LogMessage {
  readonly severity: 'warning' | 'error';
  /** Microseconds since the dump began; undefined for a line without a time. */
  readonly at: number | undefined;
  /** `criu/files.c:1234`. */
  readonly place: string;
  readonly text: string;
}

/** The log. */
export interface DumpLog {
  /** Its name in the archive. */
  readonly entry: string;
  readonly lines: number;
  /** Microseconds from the beginning to the last line; undefined where no line has a time. */
  readonly duration: number | undefined;
  /** Whether CRIU said that it had ended well. A log may be of a terse level, or end with what the engine copied. */
  readonly finished: boolean;
  /** The first thousand. */
  readonly messages: readonly LogMessage[];
  readonly errors: number;
  readonly warnings: number;
}

const NAMES = ['dump.log', 'criu-dump.log'];
/** Messages that are kept. */
const KEPT = 1000;
/** Characters of one line that are looked at. */
const LINE = 4096;
/** Bytes that are read: the log of 500 processes has 10 MiB. */
const MOST = 256 << 20;
const FORM = /^(?:\((\d{1,6})\.(\d{6})\))?\s*(?:\d+:\s*)?(Error|Warn)\s*\(([^()]{1,200})\):\s?(.*)$/;
const TIME = /^\((\d{1,6})\.(\d{6})\)/;

/** The log of an archive; undefined where it holds none, as podman's never do. */
export async function readDumpLog(
  archive: Pick<Archive, 'entries' | 'open' | 'label'>,
  options: SignalOptions = {},
): Promise<DumpLog | undefined> {
  const folder = imageFolder(archive.entries, archive.label);
  const entry = [...NAMES, ...NAMES.map((name) => folder + name)].find(
    (name) => archive.entries.get(name)?.kind === 'file',
  );
  return entry === undefined ? undefined : { entry, ...(await readLog(archive.open(entry), options)) };
}

async function readLog(source: ByteSource, options: SignalOptions): Promise<Omit<DumpLog, 'entry'>> {
  const log = { lines: 0, duration: undefined as number | undefined, finished: false, errors: 0, warnings: 0 };
  const messages: LogMessage[] = [];
  for await (const line of linesOf(source, options)) {
    log.lines += 1;
    const time = TIME.exec(line);
    if (time) log.duration = microseconds(time[1], time[2]) ?? log.duration;
    if (/\bDumping finished successfully\b/.test(line)) log.finished = true;
    const match = FORM.exec(line);
    if (!match) continue;
    const severity = match[3] === 'Error' ? 'error' : 'warning';
    log[severity === 'error' ? 'errors' : 'warnings'] += 1;
    if (messages.length >= KEPT) continue;
    messages.push({ severity, at: microseconds(match[1], match[2]), place: match[4] ?? '', text: match[5] ?? '' });
  }
  return { ...log, messages };
}

function microseconds(seconds: string | undefined, fraction: string | undefined): number | undefined {
  return seconds === undefined ? undefined : Number(seconds) * 1_000_000 + Number(fraction);
}

/** Lines without their end; what is longer than LINE is cut, not kept in memory. */
async function* linesOf(source: ByteSource, options: SignalOptions): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let read = 0;
  for await (const chunk of streamOf(source, { ...options, chunkSize: 256 << 10 })) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (parts.pop() ?? '').slice(0, LINE);
    for (const part of parts) yield part.slice(0, LINE);
    read += chunk.length;
    if (read >= MOST) break;
  }
  if (rest !== '') yield rest;
}
