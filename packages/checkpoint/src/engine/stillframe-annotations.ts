/** The annotations of spec.dump by which our own archives are known, and the facts no other engine records. */
import { STILLFRAME_VERSION } from '../metadata/annotations.ts';

const PREFIX = 'io.stillframe.checkpoint.';

/** Facts of a capture that stand inside the archive itself. */
export interface CaptureFacts {
  engineVersion: string;
  criuVersion: string;
  /** Microseconds from before the freeze until after the thaw, measured outside the container. */
  truePause: number;
  rootfsDiff: string;
}

/** The annotations for `facts`; the version of the program that wrote it is what marks an archive as ours. */
export function stillframeAnnotations(facts: CaptureFacts): Record<string, string> {
  return {
    [STILLFRAME_VERSION]: facts.engineVersion,
    [`${PREFIX}criu-version`]: facts.criuVersion,
    [`${PREFIX}true-pause-us`]: String(facts.truePause),
    [`${PREFIX}rootfs-diff`]: facts.rootfsDiff,
  };
}

/** The facts again, or undefined for an archive that another engine wrote. */
export function readStillframeAnnotations(annotations: ReadonlyMap<string, string>): CaptureFacts | undefined {
  const engineVersion = annotations.get(STILLFRAME_VERSION);
  if (engineVersion === undefined) return undefined;
  const pause = Number(annotations.get(`${PREFIX}true-pause-us`));
  return {
    engineVersion,
    criuVersion: annotations.get(`${PREFIX}criu-version`) ?? 'unknown',
    truePause: Number.isSafeInteger(pause) && pause >= 0 ? pause : 0,
    rootfsDiff: annotations.get(`${PREFIX}rootfs-diff`) ?? 'unknown',
  };
}
