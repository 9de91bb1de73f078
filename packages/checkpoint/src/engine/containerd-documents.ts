/**
 * What containerd 2.1 to 2.3 needs in an archive beside the layout of CRI-O: status.dump, status, its own annotations in
 * spec.dump, a base image that it can pull, and deletions as whiteouts in the diff (checkpoint-spec 4.3, 4.5).
 */
import { encodeHeader, endOfArchive } from '../archive/writer-header.ts';
import type { TargetFacts } from './target.ts';

const PREFIX = 'io.kubernetes.cri.';
/** CONTAINER_RUNNING of the CRI. */
const RUNNING = 1;

/** config.dump. containerd pulls what `rootfsImageRef` says, always; without a digest only the name is left to try. */
export function containerdConfigDump(facts: TargetFacts): Record<string, unknown> {
  return {
    id: facts.containerID,
    name: `${facts.containerName}_${facts.podName}_${facts.kubeNamespace}_${facts.podUid}_${facts.attempt}`,
    rootfsImage: facts.image.name,
    rootfsImageRef: facts.image.repoDigests[0] ?? facts.image.name,
    rootfsImageName: facts.image.name,
    runtime: 'io.containerd.runc.v2',
    createdTime: facts.createdAt,
    checkpointedTime: facts.checkpointedAt,
    restoredTime: '0001-01-01T00:00:00Z',
    restored: false,
  };
}

/** status.dump: the CRI's ContainerStatus as Go writes the struct; nanoseconds are numbers beyond what a double holds. */
export function encodeStatusDump(facts: TargetFacts): Uint8Array {
  return withNanoseconds((at) => ({
    id: facts.containerID,
    metadata: { name: facts.containerName, ...(facts.attempt > 0 ? { attempt: facts.attempt } : {}) },
    state: RUNNING,
    created_at: at(facts.createdAt),
    started_at: at(facts.startedAt ?? facts.createdAt),
    image: { image: facts.image.name },
    image_ref: facts.image.repoDigests[0] ?? facts.image.name,
    labels: facts.labels,
    annotations: facts.annotations,
    log_path: facts.logPath,
  }));
}

/** status: containerd's own record of the container. */
export function encodeStatus(facts: TargetFacts): Uint8Array {
  return withNanoseconds((at) => ({
    Version: 'v1',
    Pid: 1,
    CreatedAt: at(facts.createdAt),
    StartedAt: at(facts.startedAt ?? facts.createdAt),
    FinishedAt: 0,
    ExitCode: 0,
    Reason: '',
    Message: '',
  }));
}

/** The annotations by which containerd, and whoever reads its archives, knows the container. */
export function containerdAnnotations(facts: TargetFacts): Record<string, string> {
  return {
    [`${PREFIX}container-name`]: facts.containerName,
    [`${PREFIX}container-type`]: 'container',
    [`${PREFIX}image-name`]: facts.image.name,
    [`${PREFIX}sandbox-id`]: facts.sandboxID,
    [`${PREFIX}sandbox-name`]: facts.podName,
    [`${PREFIX}sandbox-namespace`]: facts.kubeNamespace,
    [`${PREFIX}sandbox-uid`]: facts.podUid,
  };
}

/** A tar of whiteouts for deleted container paths (image-spec layer.md); `ended` false: more of a tar follows it. */
export function encodeWhiteouts(deleted: readonly string[], mtime: number, ended = true): Uint8Array {
  const headers = deleted.map((path) => {
    const slash = path.lastIndexOf('/');
    const name = `${path.slice(0, slash + 1)}.wh.${path.slice(slash + 1)}`.replace(/^\/+/, '');
    return encodeHeader({ name, type: 'file', size: 0, mode: 0o600, mtime });
  });
  return Buffer.concat(ended ? [...headers, endOfArchive] : headers);
}

function withNanoseconds(make: (at: (time: string) => string) => unknown): Uint8Array {
  // No other text of the documents has this form: a quote within one is escaped.
  const at = (time: string) => `@${nanosecondsOf(time)}@`;
  return new TextEncoder().encode(JSON.stringify(make(at)).replace(/"@(\d+)@"/g, '$1'));
}

/** Nanoseconds since 1970 of an RFC 3339 time; 0 where it is none. */
function nanosecondsOf(time: string): bigint {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) return 0n;
  const fraction = (/\.(\d{1,9})/.exec(time)?.[1] ?? '').padEnd(9, '0');
  return BigInt(Math.floor(milliseconds / 1000)) * 1_000_000_000n + BigInt(fraction);
}
