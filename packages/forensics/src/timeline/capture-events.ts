/** What is known of when container and capture came to be, from the archive and from what its evidence says. */
import { type Checkpoint, readDumpFacts, readStatistics, readStillframeAnnotations } from '@stillframe/checkpoint';
import type { SignalOptions } from '@stillframe/criu-image';
import type { Clock, NotRecorded, TimelineEvent, TimelineSource } from './event.ts';
import { type ReadTime, readTime, secondsTime } from './time.ts';

/** What a statement about the capture says of times: RFC 3339, and microseconds. */
export interface CaptureTimes {
  readonly startedAt?: string | undefined;
  readonly finishedAt?: string | undefined;
  /** From before the freeze until after the thaw. */
  readonly truePause?: number | undefined;
}

/** When the dump began, as well as it is known: `from` says how. */
export interface DumpBegin extends ReadTime {
  readonly from: string;
}

/** Events, and the moment at which the dump began, from which others are counted. */
export interface CaptureEvents {
  readonly events: readonly TimelineEvent[];
  readonly begin: DumpBegin | undefined;
  readonly notRecorded: readonly NotRecorded[];
}

const MICROSECOND = 1000n;

/** Reads metadata and the small images. What is only known as a length is counted from the begin of the dump, and says so. */
export async function captureEvents(
  checkpoint: Checkpoint,
  evidence: CaptureTimes = {},
  options: SignalOptions = {},
): Promise<CaptureEvents> {
  const { metadata, documents, archive, images } = checkpoint;
  const notRecorded: NotRecorded[] = [];
  const events: TimelineEvent[] = [];
  const add = (
    time: ReadTime | undefined,
    source: TimelineSource,
    description: string,
    message: string,
    more: Added,
  ) => {
    if (time) events.push({ ...time, source, description, message, ...more });
  };
  const engine = { clock: 'engine' } as const;
  const name = metadata.container.name ?? metadata.container.id ?? 'the container';
  add(readTime(metadata.created), 'container', 'created', `container ${name} was created`, engine);
  add(readTime(documents.status?.started), 'container', 'started', `container ${name} was started`, engine);
  const image =
    metadata.labels['org.opencontainers.image.created'] ?? metadata.annotations['org.opencontainers.image.created'];
  add(
    readTime(image),
    'container',
    'image created',
    `image ${metadata.image.name ?? ''} was made, as its label says`,
    engine,
  );
  const truePause =
    evidence.truePause ?? readStillframeAnnotations(checkpoint.spec?.annotations ?? new Map())?.truePause;
  const fields = truePause === undefined ? undefined : { pauseMicroseconds: truePause };
  add(readTime(metadata.checkpointed), 'capture', 'dump begins', `the dump of ${name} begins`, {
    ...engine,
    fields: evidence.startedAt === undefined ? fields : undefined,
  });
  const statement = { clock: 'statement' } as const;
  add(readTime(evidence.startedAt), 'capture', 'capture begins', `the capture of ${name} begins`, {
    ...statement,
    fields,
  });
  add(readTime(evidence.finishedAt), 'capture', 'capture ends', `the archive of ${name} is finished`, statement);
  if (truePause === undefined)
    notRecorded.push({ what: 'pause', reason: 'neither archive nor evidence has one that was measured' });
  const inventory = [...archive.entries.values()].find((entry) => entry.name.endsWith('inventory.img'));
  const written = inventory && inventory.mtime > 0 ? secondsTime(inventory.mtime) : undefined;
  const reference = inventory && ({ kind: 'entry', name: inventory.name } as const);
  add(written, 'capture', 'dump ends', 'CRIU wrote its last image', { clock: 'kernel', reference });
  const [checkpointed, startedAt] = [readTime(metadata.checkpointed), readTime(evidence.startedAt)];
  const begin = checkpointed ?? startedAt ?? written;
  const beginFrom = checkpointed
    ? 'begin of the dump'
    : startedAt
      ? 'begin of the capture'
      : 'time of CRIU’s last image, a little late';
  if (!begin) notRecorded.push({ what: 'time of the dump', reason: 'neither engine nor archive tell it' });
  else await addCounted({ ...begin, from: beginFrom }, add, checkpoint, options);
  if (metadata.restored)
    notRecorded.push({ what: 'when the container was restored', reason: 'engines say only that it was' });
  if (images.ids('core').length > 0) notRecorded.push(...NEVER);
  return { events, begin: begin && { ...begin, from: beginFrom }, notRecorded };
}

type Added = Partial<TimelineEvent> & { readonly clock: Clock };
type Add = (
  time: ReadTime | undefined,
  source: TimelineSource,
  description: string,
  message: string,
  more: Added,
) => void;

/** What is a length of time after, or before, the begin of the dump. */
async function addCounted(
  { time, from: begin }: DumpBegin,
  add: Add,
  { images }: Checkpoint,
  options: SignalOptions,
): Promise<void> {
  const counted = (microseconds: number | bigint): ReadTime => ({
    time: time + BigInt(microseconds) * MICROSECOND,
    precision: 'derived',
  });
  const how = (from: string) => ({ clock: 'engine', fields: { countedFrom: from } }) as const;
  const statistics = await readStatistics(images, options);
  if (statistics) {
    const { freezingTime, frozenTime } = statistics;
    const from = `${begin}, by CRIU’s statistics; not before this`;
    add(counted(freezingTime), 'capture', 'frozen', 'all processes stand still', how(from));
    add(counted(frozenTime), 'capture', 'thawed', 'the processes run again, as CRIU let them go', how(from));
  }
  const { uptime } = (await readDumpFacts(images, options)) ?? {};
  if (uptime !== undefined) {
    const from = `${begin}, less the time that the machine had been up`;
    add(counted(-uptime), 'machine', 'started', 'the machine was started', how(from));
  }
}

const NEVER: readonly NotRecorded[] = [
  { what: 'when processes were started', reason: 'images of CRIU have no start times' },
  { what: 'ages of connections', reason: 'the clock of a TCP connection begins at a number of chance' },
];
