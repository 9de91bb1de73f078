/**
 * The metadata documents of an archive that we write: the layout of CRI-O (config.dump, spec.dump annotations,
 * bind.mounts), so that CRI-O restores it and checkpointctl reads it, plus our own facts under `io.stillframe.*`.
 */

import { containerdAnnotations, containerdConfigDump } from '../engine/containerd-documents.ts';
import { crioAnnotations, crioConfigDump } from '../engine/crio-documents.ts';
import { stillframeAnnotations } from '../engine/stillframe-annotations.ts';
import type { TargetEngine, TargetFacts } from '../engine/target.ts';
import type { BindMount } from '../metadata/bind-mounts.ts';

/** What the writer must be told of the container; RFC 3339 times. */
export interface SourceFacts extends TargetFacts {
  image: TargetFacts['image'] & { id: string };
  ociRuntime: string;
  restored: boolean;
  engineVersion: string;
  criuVersion: string;
  /** Microseconds from before the freeze until after the thaw, measured outside the container. */
  truePause: number;
  /** Whether the root filesystem's changes were taken under the freeze, so of the same instant as the memory, or after it. */
  rootfsDiff: 'frozen' | 'live';
  /** Engine that the archive is laid out for; CRI-O where absent. */
  target?: TargetEngine | undefined;
}

/** config.dump (checkpointctl's ContainerConfig). */
export function encodeConfigDump(facts: SourceFacts): Uint8Array {
  if (facts.target === 'containerd') return json(containerdConfigDump(facts));
  return json(crioConfigDump(facts));
}

/** spec.dump: the running container's own specification with CRI-O's annotations and ours. */
export function encodeSpecDump(spec: Readonly<Record<string, unknown>>, facts: SourceFacts): Uint8Array {
  const annotations: Record<string, string> = {
    ...facts.annotations,
    ...crioAnnotations(facts),
    ...(facts.target === 'containerd' ? containerdAnnotations(facts) : {}),
    ...stillframeAnnotations(facts),
  };
  return json({ ...spec, annotations });
}

/** bind.mounts, or undefined where there are none (CRI-O then writes no entry). */
export function encodeBindMounts(mounts: readonly BindMount[]): Uint8Array | undefined {
  const plain = mounts.map(({ fileType, ...mount }) => ({ ...mount, file_type: fileType }));
  return mounts.length === 0 ? undefined : json(plain);
}

/** deleted.files: absolute paths inside the container, or undefined where nothing was deleted. */
export function encodeDeletedFiles(paths: readonly string[]): Uint8Array | undefined {
  return paths.length === 0 ? undefined : json(paths);
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2));
}
