/** spec.dump: the OCI runtime spec of the container, of which only what readers need is taken (runtime-spec: config.md). */
import type { JsonFields } from './json-fields.ts';

/** One mount of the spec. */
export interface SpecMount {
  readonly destination: string;
  readonly type: string | undefined;
  readonly source: string | undefined;
  readonly options: readonly string[];
}

/** A namespace: of its own where `path` is undefined, joined otherwise. */
export interface SpecNamespace {
  readonly type: string;
  readonly path: string | undefined;
}

/** The subset. Text is raw and untrusted. */
export interface SpecDump {
  readonly ociVersion: string | undefined;
  readonly hostname: string | undefined;
  readonly rootPath: string | undefined;
  readonly process: {
    readonly args: readonly string[];
    /** `NAME=value`; may hold secrets. */
    readonly env: readonly string[];
    readonly cwd: string | undefined;
    readonly terminal: boolean;
    readonly uid: number | undefined;
    readonly gid: number | undefined;
  };
  readonly mounts: readonly SpecMount[];
  readonly annotations: ReadonlyMap<string, string>;
  readonly cgroupsPath: string | undefined;
  readonly namespaces: readonly SpecNamespace[];
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

/** Reads the fields of a parsed spec.dump; mounts without a destination and namespaces without a type are left out. */
export function decodeSpecDump(fields: JsonFields): SpecDump {
  const process = fields.object('process');
  const user = process.object('user');
  const linux = fields.object('linux');
  return {
    ociVersion: fields.text('ociVersion'),
    hostname: fields.text('hostname'),
    rootPath: fields.object('root').text('path'),
    process: {
      args: process.texts('args'),
      env: process.texts('env'),
      cwd: process.text('cwd'),
      terminal: process.truth('terminal') ?? false,
      uid: user.integer('uid'),
      gid: user.integer('gid'),
    },
    mounts: fields.objects('mounts').flatMap(decodeMount),
    annotations: fields.textMap('annotations'),
    cgroupsPath: linux.text('cgroupsPath'),
    namespaces: linux.objects('namespaces').flatMap(decodeNamespace),
    maskedPaths: linux.texts('maskedPaths'),
    readonlyPaths: linux.texts('readonlyPaths'),
  };
}

function decodeMount(fields: JsonFields): SpecMount[] {
  const destination = fields.filled('destination');
  if (destination === undefined) return [];
  return [{ destination, type: fields.text('type'), source: fields.text('source'), options: fields.texts('options') }];
}

function decodeNamespace(fields: JsonFields): SpecNamespace[] {
  const type = fields.filled('type');
  return type === undefined ? [] : [{ type, path: fields.filled('path') }];
}
