/** status.dump: containerd's CRI ContainerStatus as JSON of the Go struct (checkpoint-spec 4.3). */
import type { JsonFields } from './json-fields.ts';
import { timeOfNanoseconds } from './time.ts';

/** The part of ContainerStatus that readers need. Text is raw and untrusted. */
export interface StatusDump {
  readonly id: string | undefined;
  /** The container's name in its pod. */
  readonly name: string | undefined;
  readonly attempt: number | undefined;
  readonly image: string | undefined;
  readonly imageRef: string | undefined;
  /** RFC 3339; JSON numbers lose nanoseconds beyond 2^53, so the last few hundred may be off. */
  readonly created: string | undefined;
  readonly started: string | undefined;
  /** Path on the node of the dump. */
  readonly logPath: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Reads the fields of a parsed status.dump. */
export function decodeStatusDump(fields: JsonFields): StatusDump {
  const metadata = fields.object('metadata');
  return {
    id: fields.filled('id'),
    name: metadata.filled('name'),
    attempt: metadata.integer('attempt'),
    image: fields.object('image').filled('image'),
    imageRef: fields.filled('image_ref'),
    created: timeOf(fields.raw('created_at')),
    started: timeOf(fields.raw('started_at')),
    logPath: fields.filled('log_path'),
    labels: fields.textMap('labels'),
    annotations: fields.textMap('annotations'),
  };
}

function timeOf(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? timeOfNanoseconds(BigInt(Math.trunc(value))) : undefined;
}
