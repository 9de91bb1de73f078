/** config.v2.json: what Docker's daemon keeps of a container, in the folder that holds its checkpoints too. */
import type { JsonFields } from './json-fields.ts';
import { knownTime } from './time.ts';

/** Text is raw and untrusted; the time is RFC 3339 with nanoseconds, as written. */
export interface DockerConfig {
  readonly id: string | undefined;
  /** Without the slash that Docker writes before it. */
  readonly name: string | undefined;
  readonly created: string | undefined;
  /** `sha256:…`. */
  readonly imageId: string | undefined;
  /** As the user asked for it. */
  readonly image: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  /** On the host that ran it; its last part names the file beside this one. */
  readonly logPath: string | undefined;
}

/** Reads the fields of a parsed config.v2.json. */
export function decodeDockerConfig(fields: JsonFields): DockerConfig {
  const config = fields.object('Config');
  return {
    id: fields.filled('ID'),
    name: fields.filled('Name')?.replace(/^\//, ''),
    created: knownTime(fields.text('Created')),
    imageId: fields.filled('Image'),
    image: config.filled('Image'),
    labels: config.textMap('Labels'),
    logPath: fields.filled('LogPath'),
  };
}
