/** What `stillframe inspect` tells of a checkpoint: one model, which table, tree and JSON render. */
import {
  type Checkpoint,
  type Mount,
  type Process,
  type ProcessPaths,
  readCommandLine,
  readFileTable,
  readMounts,
  readStatistics,
  readStillframeAnnotations,
  type Texts,
} from '@stillframe/checkpoint';
import { type Diagnostic, redactVariable } from '@stillframe/core';
import type { RecordedCapture } from '@stillframe/evidence';
import type { CaptureFacts } from '../capture-facts.ts';
import { type BriefTarget, briefTarget } from './brief-target.ts';
import { readSurroundings, type Surroundings } from './surroundings.ts';

export interface OpenFileView {
  fd: number;
  target: BriefTarget;
}

export interface ProcessView extends Process, ProcessPaths {
  /** Argument vector in memory at the moment of the dump; `absent` says why it could not be read. */
  arguments: Texts;
  environment: Texts;
  files: OpenFileView[];
}

export interface Inspection extends Partial<Surroundings> {
  archive: { label: string; compression: string; size: number | undefined; entries: number };
  engine: { name: string | undefined; version: string | undefined };
  container: Checkpoint['metadata']['container'];
  image: Checkpoint['metadata']['image'];
  ociRuntime: string | undefined;
  created: string | undefined;
  checkpointed: string | undefined;
  restored: boolean | undefined;
  ip: string | undefined;
  /** Microseconds; only our own captures record it. */
  truePause: number | undefined;
  /** What evidence beside the archive says of it; unsigned unless `signed`. */
  recorded: RecordedCapture | undefined;
  /** Whether the archive is what that says; `unchecked` where only the size was compared. */
  digest: CaptureFacts['digest'];
  processes: ProcessView[];
  mounts: readonly Mount[];
  statistics: Awaited<ReturnType<typeof readStatistics>>;
  diagnostics: readonly Diagnostic[];
}

export interface InspectOptions {
  /** The processes that are told of. */
  processes: readonly Process[];
  /** What is recorded beside the archive. */
  capture: CaptureFacts;
  /** Whether environment values that look secret are shown. */
  secrets: boolean;
  /** Whether the container's surroundings are read; with `changes` those of the root filesystem, too. */
  surroundings: 'none' | 'but-changes' | 'all';
  /** Takes faults that neither the checkpoint nor `capture` holds. */
  report(faults: readonly Diagnostic[]): void;
  signal: AbortSignal;
}

/** Reads everything that is shown: metadata and images, and of memory only arguments and environments. */
export async function inspect(checkpoint: Checkpoint, options: InspectOptions): Promise<Inspection> {
  const { metadata, archive, images, spec } = checkpoint;
  const { signal, capture } = options;
  const files = await readFileTable(images, { signal });
  const processes: ProcessView[] = [];
  for (const process of options.processes) {
    const { arguments: args, environment } = await readCommandLine(images, process.pid, { signal });
    processes.push({
      ...process,
      ...(await files.paths(process.pid, { signal })),
      arguments: args,
      environment: options.secrets ? environment : redacted(environment),
      files: (await files.openFiles(process.pid, { signal })).map(({ fd, target }) => ({
        fd,
        target: briefTarget(target),
      })),
    });
  }
  const mounts = await readMounts(images, { spec, signal });
  const faults: Diagnostic[] = [];
  const surroundings =
    options.surroundings === 'none'
      ? {}
      : await readSurroundings(checkpoint, {
          ...{ mounts, secrets: options.secrets, signal, changes: options.surroundings === 'all' },
          report: (found) => {
            faults.push(...found);
            options.report(found);
          },
        });
  return {
    archive: {
      label: archive.label,
      compression: archive.compression,
      size: archive.bytes?.size,
      entries: archive.entries.size,
    },
    engine: { name: metadata.engine, version: metadata.engineVersion },
    container: metadata.container,
    image: metadata.image,
    ociRuntime: metadata.ociRuntime,
    created: metadata.created,
    checkpointed: metadata.checkpointed,
    restored: metadata.restored,
    ip: metadata.ip,
    truePause: spec && readStillframeAnnotations(spec.annotations)?.truePause,
    recorded: capture.recorded,
    digest: capture.digest,
    processes,
    mounts,
    ...surroundings,
    statistics: await readStatistics(images, { signal }),
    diagnostics: [...capture.diagnostics, ...faults, ...checkpoint.diagnostics()],
  };
}

function redacted(environment: Texts): Texts {
  if (environment.state === 'absent') return environment;
  return { ...environment, values: environment.values.map(redactVariable) };
}
