/** config.dump: which container was checkpointed, of which image (checkpoint-spec 2.5). Podman's is a superset with the same keys. */
import type { JsonFields } from './json-fields.ts';
import { knownTime } from './time.ts';

/** What all engines write. Text is raw and untrusted; times are RFC 3339 with nanoseconds, as written. */
export interface ConfigDump {
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** The image as the user asked for it. */
  readonly rootfsImage: string | undefined;
  /** CRI-O: the image's id; containerd: digest reference or id. */
  readonly rootfsImageRef: string | undefined;
  readonly rootfsImageName: string | undefined;
  /** Podman: the image's id. */
  readonly rootfsImageID: string | undefined;
  /** Podman: the image as the user asked for it. */
  readonly rawImageName: string | undefined;
  /** OCI runtime: `runc`, `crun`, `io.containerd.runc.v2`. */
  readonly runtime: string | undefined;
  readonly created: string | undefined;
  /** Moment before the dump; podman 4 does not write it. */
  readonly checkpointed: string | undefined;
  /** Whether the checkpointed container had itself been restored. */
  readonly restored: boolean | undefined;
  /** Podman: full id of the pod. */
  readonly podID: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

/** Reads the fields of a parsed config.dump. */
export function decodeConfigDump(fields: JsonFields): ConfigDump {
  return {
    id: fields.filled('id'),
    name: fields.filled('name'),
    rootfsImage: fields.filled('rootfsImage'),
    rootfsImageRef: fields.filled('rootfsImageRef'),
    rootfsImageName: fields.filled('rootfsImageName'),
    rootfsImageID: fields.filled('rootfsImageID'),
    rawImageName: fields.filled('RawImageName'),
    runtime: fields.filled('runtime'),
    created: knownTime(fields.text('createdTime')),
    checkpointed: knownTime(fields.text('checkpointedTime')),
    restored: fields.truth('restored'),
    podID: fields.filled('pod'),
    labels: fields.textMap('labels'),
  };
}
