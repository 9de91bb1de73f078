/** An event in each of the forms that it is written in. */
import { harmless } from '@stillframe/core';
import { isoTime, type PlacedEvent, referenceText } from '@stillframe/forensics';
import { clipped } from '../display/clipped.ts';

/** Which checkpoint, and the machine that it says it ran on. */
export interface Origin {
  readonly checkpoint: string;
  readonly container: string | undefined;
  readonly hostname: string | undefined;
}

/** An event as JSON has it: `time` in UTC with nanoseconds. */
export function eventView(event: PlacedEvent, { checkpoint, container }: Origin) {
  const { time, source, description, message, precision, clock, reference, fields } = event;
  return {
    ...{ time: `${isoTime(time, 9)}Z`, source, description, message, precision, clock, checkpoint, container },
    ...(reference ? { reference: referenceText(reference) } : {}),
    ...(fields ? { fields } : {}),
  };
}

/** Words of Timesketch and Plaso for what a time is of. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  modified: 'Content Modification Time',
  accessed: 'Last Access Time',
  created: 'Creation Time',
  written: 'Written Time',
  started: 'Start Time',
};

const described = ({ description }: PlacedEvent) => DESCRIPTIONS[description] ?? description;

const microseconds = ({ time }: PlacedEvent) => Number(time / 1000n);

/** What both have of an event. */
function shared(event: PlacedEvent, origin: Origin) {
  const { source, message, precision, clock, reference, fields = {} } = event;
  const { path, ...more } = fields;
  return {
    ...{ message, timestamp: microseconds(event), timestamp_desc: described(event), data_type: `stillframe:${source}` },
    ...(typeof path === 'string' ? { filename: path } : {}),
    ...{ checkpoint: origin.checkpoint, container: origin.container, hostname: origin.hostname, precision, clock },
    ...(reference ? { reference: referenceText(reference) } : {}),
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`stillframe_${name}`, value])),
  };
}

/** A line of Timesketch's JSONL: `message`, `datetime`, `timestamp` (µs) and `timestamp_desc` are those that it needs. */
export function timesketchLine(event: PlacedEvent, origin: Origin): string {
  return line({ datetime: `${isoTime(event.time)}+00:00`, ...shared(event, origin) });
}

/** A line of Plaso's `json_line` output. */
export function plasoLine(event: PlacedEvent, origin: Origin): string {
  const { source } = event;
  return line({
    ...{ __container_type__: 'event', __type__: 'AttributeContainer' },
    date_time: {
      __class_name__: 'PosixTimeInMicroseconds',
      __type__: 'DateTimeValues',
      timestamp: microseconds(event),
    },
    ...{ display_name: `${origin.checkpoint}:${source}`, inode: '-', parser: 'stillframe' },
    ...shared(event, origin),
  });
}

/** Their readers take a line a document and know nothing of kinds, so there is none. What acts on a terminal is escaped. */
function line(document: object): string {
  return `${JSON.stringify(document).replace(ACTING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

const ACTING = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Characters of a message in a table. */
const MESSAGE = 400;

/** A row for people: rows come as they are read, so columns have the width that they mostly need. */
export function eventText(event: PlacedEvent, several: Origin | undefined): string {
  const { source, description, message, precision, time } = event;
  const when = `${isoTime(time)}Z`.padEnd(27);
  const about = precision === 'derived' ? '~' : precision === 'seconds' ? '=' : ' ';
  const origin = several ? `  ${harmless(several.checkpoint)}` : '';
  return `${when}${about} ${source.padEnd(9)} ${description.padEnd(14)} ${harmless(clipped(message, MESSAGE))}${origin}\n`;
}
