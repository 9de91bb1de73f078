/** PodLogOptions of Kubernetes v1, as a query gives them to /containerLogs. */

/** Which streams of a container are wanted. */
export type LogStream = 'stdout' | 'stderr' | 'all';

export interface LogOptions {
  readonly follow: boolean;
  /** The container before this one, of the same name. */
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; all where undefined. */
  readonly tailLines: number | undefined;
  /** Lines before this time are left out; milliseconds since 1970. */
  readonly since: number | undefined;
  /** Bytes after which it ends. */
  readonly limitBytes: number | undefined;
  readonly stream: LogStream;
}

/** What a kubelet answers to a query that it does not take: cannot be decoded, or is not valid. */
export type LogOptionsFault = 'Unable to decode query.' | 'Invalid request.';

const STREAMS: Readonly<Record<string, LogStream>> = { All: 'all', Stdout: 'stdout', Stderr: 'stderr' };
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Reads a query; of a parameter that is given several times the first counts. `now`: milliseconds since 1970. */
export function readLogOptions(query: URLSearchParams, now = Date.now()): LogOptions | LogOptionsFault {
  const numbers = ['tailLines', 'sinceSeconds', 'limitBytes'].map((name) => integerOf(tailed(query, name)));
  const sinceTime = query.get('sinceTime') ?? '';
  const undecodable = numbers.includes('bad') || (sinceTime !== '' && !isTime(sinceTime));
  if (undecodable) return 'Unable to decode query.';
  const [tailLines, sinceSeconds, limitBytes] = numbers as (number | undefined)[];
  const stream = STREAMS[query.get('stream') ?? 'All'];
  const valid =
    (tailLines ?? 0) >= 0 &&
    (sinceSeconds ?? 1) >= 1 &&
    (limitBytes ?? 1) >= 1 &&
    (sinceSeconds === undefined || sinceTime === '') &&
    (tailLines === undefined || stream === 'all');
  if (!valid || stream === undefined) return 'Invalid request.';
  const from = sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000;
  return {
    follow: flagOf(query.get('follow')),
    previous: flagOf(query.get('previous')),
    timestamps: flagOf(query.get('timestamps')),
    tailLines,
    since: sinceTime === '' ? from : Date.parse(sinceTime),
    limitBytes,
    stream,
  };
}

/** `tail` is the old name of `tailLines`, and wins; `all` stands for none. */
function tailed(query: URLSearchParams, name: string): string | null {
  const old = query.get('tail');
  if (name !== 'tailLines' || !old) return query.get(name);
  return old === 'all' ? null : old;
}

/** An int64, undefined for one that is not given, `bad` for what is none. */
function integerOf(text: string | null): number | undefined | 'bad' {
  if (text === null || text === '') return undefined;
  return /^[+-]?[0-9]{1,18}$/.test(text) ? Number(text) : 'bad';
}

/** As Kubernetes reads flags: anything but `false` and `0` is true, nothing after the sign included. */
function flagOf(text: string | null): boolean {
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

function isTime(text: string): boolean {
  return RFC3339.test(text) && !Number.isNaN(Date.parse(text));
}
