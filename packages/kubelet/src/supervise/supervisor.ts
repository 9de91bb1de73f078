/** Keeps the pods of manifests: what should be against what is, again and again (kubelet, syncLoop). */
import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { type Logger, messageOf, restFor, silentLogger } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { kubeletError } from '../errors.ts';
import { PodFolder } from '../volumes/pod-folder.ts';
import { type ActualPod, Looker, type Snapshot } from './actual.ts';
import { buryPod } from './bury.ts';
import { desiredPods } from './desired.ts';
import type { Desired, Keeping } from './keeping.ts';
import { keepingOf } from './machine.ts';
import { type ManifestFault, ManifestFolders } from './manifest-folder.ts';
import { MANIFEST } from './marks.ts';
import { PodWorker } from './pod-worker.ts';
import { podDocument } from './status.ts';

export interface SupervisorOptions {
  readonly criClient: CriClient;
  /** Absolute paths of folders of manifests; one that is not there has none. */
  readonly manifests: readonly string[];
  /** Absolute path for volumes and what else belongs to pods; made where it is not there. */
  readonly podsFolder: string;
  /** Absolute path for logs, /var/log/pods by default. */
  readonly logsFolder?: string | undefined;
  /** Cgroup of the pods; the runtime's own choice by default. */
  readonly cgroupParent?: string | undefined;
  /** The host's name by default. */
  readonly nodeName?: string | undefined;
  readonly logger?: Logger | undefined;
  /** While it says true no pod is wanted, and all are ended. */
  readonly retired?: (() => Promise<boolean>) | undefined;
  /** Told of manifests that are wrong, at every change. */
  readonly onFaults?: ((faults: readonly ManifestFault[]) => Promise<void>) | undefined;
}

/** Disposing ends what is under way and leaves all pods as they are; the next one takes them over. */
export interface Supervisor extends AsyncDisposable {
  /** A Kubernetes v1 Pod each, with its status, by namespace and name. */
  pods(): readonly PodDocument[];
  readonly faults: readonly ManifestFault[];
  /** The client for whoever takes checkpoints: no probe has a connection to a container while it is dumped. */
  readonly client: CriClient;
}
export type PodDocument = ReturnType<typeof podDocument>;

/** Milliseconds between two looks at the runtime, as a kubelet has it, and the least; between two looks at the folders. */
const LOOK = 1000;
const LEAST = 50;
const FOLDERS = 20_000;

/** Begins at once and goes on until disposed. Throws ERR_KUBELET_PATH_RELATIVE. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  for (const path of [...options.manifests, options.podsFolder, options.logsFolder ?? '/']) {
    if (!isAbsolute(path)) throw kubeletError('ERR_KUBELET_PATH_RELATIVE', `the folder ${path} is relative`);
  }
  await mkdir(options.podsFolder, { recursive: true, mode: 0o750 });
  return new Loop(options);
}

class Loop implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #keeping: Keeping;
  readonly #folders: ManifestFolders;
  readonly #looker: Looker;
  readonly #workers = new Map<string, PodWorker>();
  /** By uid, pods that are being ended. */
  readonly #burials = new Map<string, Promise<void>>();
  /** Milliseconds since 1970 at which a pod was first wanted. */
  readonly #since = new Map<string, number>();
  readonly #ending = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #running: Promise<void>;
  #desired: ReadonlyMap<string, Desired> = new Map();
  #clashes: readonly ManifestFault[] = [];
  #told = '';
  #foldersAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const logger = options.logger ?? silentLogger;
    const changed = () => this.#wake();
    this.#folders = new ManifestFolders(options.manifests, logger, () => {
      this.#foldersAt = Number.NEGATIVE_INFINITY;
      changed();
    });
    this.#keeping = keepingOf(options, changed);
    this.#looker = new Looker(options.criClient, options.podsFolder);
    this.#running = this.#run();
  }

  get client(): CriClient {
    const { cri } = this.#keeping;
    const checkpointContainer: CriClient['runtime']['checkpointContainer'] = async (request, options) => {
      const id = request.containerId ?? '';
      const worker = [...this.#workers.values()].find(({ actual }) =>
        actual?.containers.some((each) => each.id === id),
      );
      using _quiet = await worker?.prober.quiet(id);
      return await cri.runtime.checkpointContainer(request, options);
    };
    return { ...cri, runtime: { ...cri.runtime, checkpointContainer } };
  }

  get faults(): readonly ManifestFault[] {
    return [...this.#folders.faults, ...this.#clashes];
  }

  pods(): readonly PodDocument[] {
    const documents = [...this.#desired.values()].map((desired) =>
      podDocument(desired, this.#workers.get(desired.uid), this.#keeping, this.#since.get(desired.uid) ?? 0),
    );
    const key = ({ metadata }: PodDocument) => `${metadata.namespace}/${metadata.name}`;
    return documents.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let failed = '';
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        await this.#pass((await this.#options.retired?.()) === true, signal);
        failed = '';
      } catch (error) {
        if (signal.aborted) break;
        const reason = messageOf(error);
        // A runtime that is away is told once.
        if (reason !== failed) this.#keeping.logger.log('error', 'pods cannot be looked after', { reason });
        failed = reason;
      }
      await restFor(LEAST, signal);
      await Promise.race([woken, restFor(LOOK - LEAST, signal)]);
    }
    await Promise.allSettled(this.#underWay);
  }

  async #pass(retired: boolean, signal: AbortSignal): Promise<void> {
    if (retired) {
      this.#desired = new Map();
      this.#foldersAt = Number.NEGATIVE_INFINITY;
    } else if (performance.now() - this.#foldersAt >= FOLDERS) {
      this.#foldersAt = performance.now();
      await this.#folders.read();
      const { desired, clashes } = desiredPods(this.#folders.manifests, this.#keeping.nodeName);
      [this.#desired, this.#clashes] = [desired, clashes];
      for (const uid of this.#since.keys()) if (!desired.has(uid)) this.#since.delete(uid);
      for (const uid of desired.keys()) if (!this.#since.has(uid)) this.#since.set(uid, Date.now());
      await this.#tellFaults();
    }
    if (this.#desired.size + this.#workers.size + this.#present === 0) return;
    const snapshot = await this.#looker.look(signal);
    this.#present = snapshot.pods.size;
    await this.#sweep(snapshot);
    this.#buryOthers(snapshot, retired, signal);
    const busyNames = this.#namesBeingEnded(snapshot);
    for (const desired of this.#desired.values()) {
      const { metadata } = desired.pod;
      if (!busyNames.has(`${metadata.namespace}/${metadata.name}`)) this.#sync(desired, snapshot, signal);
    }
  }

  #sync(desired: Desired, snapshot: Snapshot, signal: AbortSignal): void {
    const { uid } = desired;
    const known = this.#workers.get(uid);
    // One that was not wanted for a moment has given up.
    if (known?.cancelled && !known.busy) known[Symbol.dispose]();
    const worker = known && (known.busy || !known.cancelled) ? known : new PodWorker(this.#keeping, desired);
    this.#workers.set(uid, worker);
    if (worker.busy || snapshot.begunAt < worker.settledAt) return;
    worker.busy = true;
    const work = async () => {
      let again = false;
      try {
        again = await worker.sync(snapshot.pods.get(uid), desired.sources, signal);
      } catch (error) {
        if (!signal.aborted && !worker.cancelled)
          this.#log('error', desired, `pod cannot be brought up to date: ${messageOf(error)}`);
      } finally {
        worker.settledAt = performance.now();
        worker.busy = false;
      }
      if (again) this.#wake();
    };
    this.#track(work());
  }

  /** Ends pods that no manifest has any more, unless their manifest is wrong and what it said before is not known. */
  #buryOthers(snapshot: Snapshot, retired: boolean, signal: AbortSignal): void {
    for (const [uid, worker] of this.#workers) {
      if (this.#desired.has(uid) || worker.busy || snapshot.pods.has(uid)) continue;
      worker[Symbol.dispose]();
      this.#workers.delete(uid);
    }
    for (const [uid, pod] of snapshot.pods) {
      if (this.#desired.has(uid) || this.#burials.has(uid) || (!retired && this.#isSpared(pod))) continue;
      const worker = this.#workers.get(uid);
      worker?.cancel();
      if (worker?.busy || (worker && snapshot.begunAt < worker.settledAt)) continue;
      const initial = worker?.desired.pod.spec.initContainers ?? [];
      const last = initial.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name);
      worker?.[Symbol.dispose]();
      this.#workers.delete(uid);
      this.#keeping.logger.log('info', 'pod is ended', { pod: `${pod.namespace}/${pod.name}`, uid });
      const burial = buryPod(this.#keeping, pod, last, signal)
        .catch((error) => {
          if (signal.aborted) return;
          const fields = { pod: `${pod.namespace}/${pod.name}`, reason: messageOf(error) };
          this.#keeping.logger.log('error', 'pod cannot be ended', fields);
        })
        .finally(() => {
          this.#burials.delete(uid);
          this.#wake();
        });
      this.#burials.set(uid, burial);
      this.#track(burial);
    }
  }

  #isSpared({ sandboxes }: ActualPod): boolean {
    const file = sandboxes[0]?.annotations[MANIFEST] ?? '';
    const folders = this.#folders.faults.map((fault) => fault.file);
    return this.#folders.isUnknown(file) || folders.some((folder) => file.startsWith(`${folder}/`));
  }

  /** Of two pods of one name the new one waits until the old one is gone: addresses and ports are those of the name. */
  #namesBeingEnded(snapshot: Snapshot): Set<string> {
    const others = [...snapshot.pods.values()].filter(({ uid }) => !this.#desired.has(uid));
    return new Set(others.map(({ namespace, name }) => `${namespace}/${name}`));
  }

  /** Pods that were there at the last look; one before the first, so that there is one. */
  #present = 1;
  #swept = false;
  /** Once: folders of pods that went away while nobody looked. */
  async #sweep(snapshot: Snapshot): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    for (const name of await readdir(this.#options.podsFolder)) {
      if (!/^[0-9a-f]{32}$/.test(name) || this.#desired.has(name) || snapshot.pods.has(name)) continue;
      await new PodFolder(this.#options.podsFolder, name).remove();
    }
  }

  async #tellFaults(): Promise<void> {
    const { faults } = this;
    const told = JSON.stringify(faults);
    if (told === this.#told) return;
    this.#told = told;
    for (const { file, reason } of this.#clashes)
      this.#keeping.logger.log('error', 'manifest is wrong', { file, reason });
    try {
      await this.#options.onFaults?.(faults);
    } catch (error) {
      this.#keeping.logger.log('warn', 'faults of manifests cannot be told', { reason: messageOf(error) });
    }
  }

  #track(work: Promise<unknown>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }

  #log(level: 'error', { pod }: Desired, message: string): void {
    this.#keeping.logger.log(level, message, { pod: `${pod.metadata.namespace}/${pod.metadata.name}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new DOMException('the supervisor ends', 'AbortError'));
    this.#wake();
    this.#folders[Symbol.dispose]();
    for (const worker of this.#workers.values()) worker[Symbol.dispose]();
    await this.#running;
  }
}
