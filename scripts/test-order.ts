/** In which order the files with tests are run, and how many at once: a long one that begins last ends alone. */

/**
 * Seconds, of the files that take longer than others of their size; others go by their kind. Only the order matters, so
 * these are mended where the list of the slowest at the end of a whole run looks quite different.
 */
export const LONG: Readonly<Record<string, number>> = {
  'tests/lab/kill-walk-checkpoint.lab.test.ts': 100,
  'tests/lab/checkpoint-limits.lab.test.ts': 80,
  'tests/lab/kill-walk.lab.test.ts': 70,
  'tests/lab/foreign-api.lab.test.ts': 70,
  'tests/lab/foreign.lab.test.ts': 65,
  'tests/lab/podman.lab.test.ts': 50,
  'tests/lab/demo.lab.test.ts': 50,
  'tests/lab/kubelet-api.lab.test.ts': 50,
  'tests/lab/pod-checkpoint.lab.test.ts': 45,
  'tests/lab/sandbox.lab.test.ts': 45,
  'tests/lab/checkpoint-options.lab.test.ts': 45,
  'tests/lab/image-encryption.lab.test.ts': 40,
  'tests/lab/restore.lab.test.ts': 35,
  'tests/lab/small-image.lab.test.ts': 35,
  'tests/lab/chain.lab.test.ts': 35,
  'tests/lab/daemon.lab.test.ts': 30,
  'tests/lab/static-pods.lab.test.ts': 30,
  'tests/lab/restart.lab.test.ts': 30,
  'tests/lab/restore-cri.lab.test.ts': 30,
  'tests/lab/image-signature.lab.test.ts': 25,
  'packages/cli/src/peers/checkpointctl.lab.test.ts': 25,
  'packages/controller/src/thousand.test.ts': 60,
  'packages/controller/src/policies/policy.test.ts': 30,
  'packages/controller/src/checkpoints/crash.test.ts': 25,
  'packages/controller/src/schedules/schedule.test.ts': 15,
  'tests/fuzz/flip.test.ts': 30,
  'tests/fuzz/grow.test.ts': 30,
  'tests/fuzz/truncate.test.ts': 20,
  'packages/kubelet/src/http/https-server.test.ts': 20,
  'packages/cli/src/verify/flips.test.ts': 25,
  'setup/bundle.test.mjs': 25,
  'tests/fuzz/forensics.test.ts': 15,
  'packages/checkpoint/src/hostile.test.ts': 12,
  'packages/cli/src/registries/resume.test.ts': 12,
  'packages/oci/src/registry/cut.test.ts': 10,
  'tests/desk/views.test.ts': 10,
};

/** Tests that run real containers. */
export function isLab(file: string): boolean {
  return file.includes('.lab.test.');
}

/** The longest first, then labs, then the rest, each by name. */
export function inOrder(files: readonly string[]): string[] {
  const weight = (file: string) => LONG[file] ?? (isLab(file) ? 1 : 0);
  return [...files].sort((one, other) => weight(other) - weight(one) || (one < other ? -1 : 1));
}

/** Files of one package that share a process, at most. */
const TOGETHER = 16;

/**
 * What each process runs: a file of a package that is no lab, not long and needs none for itself shares one with its
 * neighbours (`together.ts`), any other has its own. The order is that of the first file of each.
 */
export function inProcesses(files: readonly string[], needsItsOwn: (file: string) => boolean): string[][] {
  const open = new Map<string, string[]>();
  const processes: string[][] = [];
  for (const file of files) {
    const place = isLab(file) || file in LONG || needsItsOwn(file) ? undefined : /^packages\/[^/]+\//.exec(file)?.[0];
    const neighbours = place === undefined ? undefined : open.get(place);
    if (neighbours && neighbours.length < TOGETHER) {
      neighbours.push(file);
      continue;
    }
    const first = [file];
    processes.push(first);
    if (place !== undefined) open.set(place, first);
  }
  return processes;
}

/** Jobs that are done in their order, so many of them at once. */
export interface Lane<T> {
  jobs: readonly (() => AsyncIterable<T>)[];
  atOnce: number;
}

/**
 * Does the jobs of all lanes, no more than `atOnce` altogether and those of an earlier lane first, and gives what each has
 * to say as a whole once it has ended. Begins no other once `signal` is aborted.
 */
export async function* inTurn<T>(lanes: readonly Lane<T>[], atOnce: number, signal: AbortSignal): AsyncGenerator<T> {
  const waiting = lanes.map((lane) => ({ ...lane, jobs: [...lane.jobs], running: 0 }));
  const running = new Map<number, Promise<{ id: number; said: T[]; lane: { running: number } }>>();
  for (let next = 0; ; ) {
    while (running.size < atOnce && !signal.aborted) {
      const lane = waiting.find((each) => each.jobs.length > 0 && each.running < each.atOnce);
      const job = lane?.jobs.shift();
      if (lane === undefined || job === undefined) break;
      const id = next++;
      lane.running += 1;
      running.set(
        id,
        Array.fromAsync(job()).then((said) => ({ id, said, lane })),
      );
    }
    if (running.size === 0) return;
    const { id, said, lane } = await Promise.race(running.values());
    running.delete(id);
    lane.running -= 1;
    yield* said;
  }
}
