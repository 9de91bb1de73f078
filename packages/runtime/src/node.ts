/** The embedded node: pods and containers on an OCI runtime and CRIU. No gRPC here; packages/cri speaks that. */
import type { Logger, ReadOptions } from '@stillframe/core';
import type { KeyRing } from '@stillframe/oci';
import { type CheckpointOptions, checkpointContainer } from './checkpoint/checkpoint.ts';
import { checkpointPod, type PodCheckpointRequest } from './checkpoint/pod.ts';
import { createFromImage } from './container/create.ts';
import { containerOf, removeContainer, startContainer, stopContainer } from './container/lifecycle.ts';
import { reopenLog } from './container/log.ts';
import type { ContainerRequest } from './container/request.ts';
import { type ContainerStatus, statusOf } from './container/status.ts';
import { updateResources } from './container/update.ts';
import type { NodeContext } from './context.ts';
import { runtimeError } from './errors.ts';
import { tellEvents } from './events/tell.ts';
import { openAttach } from './exec/attach.ts';
import { type ExecRequest, openExec } from './exec/exec.ts';
import { type ExecSyncOptions, execSync } from './exec/exec-sync.ts';
import { openForward } from './exec/forward.ts';
import type { OpenRepository, PullOptions } from './image/image-store.ts';
import { userOf } from './image/image-use.ts';
import { UsageMeter } from './image/usage.ts';
import type { NetworkPlaces } from './network/pod-networks.ts';
import type { NodePaths } from './paths.ts';
import { tellPodResources } from './plugins/tell.ts';
import { createFromCheckpoint } from './restore/create.ts';
import { type PodRestoreRequest, type RestoredPod, restorePod } from './restore/pod.ts';
import { archiveOf } from './restore/source.ts';
import { removeSandbox, runSandbox, type SandboxRequest, sandboxOf, stopSandbox } from './sandbox/sandbox.ts';
import { StatsReader } from './stats/stats-reader.ts';
import type { StepObserver } from './steps.ts';
import type { CheckpointFigures, ContainerRecord, Resources, SandboxRecord } from './store/records.ts';

/** An OCI runtime that pods ask for by `name`. */
export interface RuntimeEntry {
  name: string;
  /** The program, absolute. */
  path: string;
  type: 'runc' | 'crun';
}

/** Where NRI plugins connect. */
export interface PluginPlace {
  /** Absolute path of the socket. */
  socket: string;
  /** Milliseconds for a plugin to register, and to take in what is there; 5,000 by default. */
  registrationTimeout?: number | undefined;
  /** Milliseconds for a plugin to answer; 2,000 by default. */
  requestTimeout?: number | undefined;
}

export interface NodeOptions {
  paths: NodePaths;
  /** Of the OCI runtime and CRIU; STILLFRAME_CRIU and PATH in it say where they are. */
  env: Readonly<Record<string, string | undefined>>;
  /** Opens the repository that a reference names, with whatever credentials and mirrors apply. */
  openRepository: OpenRepository;
  /** Names, or beginnings of names with `*` behind, of images that are never removed to free space. */
  pinnedImages?: readonly string[] | undefined;
  /** Keys of encrypted images, asked for when one is pulled; none by default. */
  decryptionKeys?: KeyRing | undefined;
  /** Cgroup of pods that name no parent of their own, `/stillframe` by default. */
  cgroupParent?: string | undefined;
  /** Where pods' networks come from; what is left out has defaults. */
  network?: NetworkPlaces | undefined;
  /** OCI runtimes beside runc, by handler; left out, crun is one where it is in PATH. One named `runc` says where runc is. */
  runtimes?: readonly RuntimeEntry[] | undefined;
  /** CRIU options of containers whose annotations say nothing else, by annotation (`io.stillframe.criu/…`). */
  criuDefaults?: Readonly<Record<string, string>> | undefined;
  /** Path of the key that signs evidence, in PEM, read for each capture; left out, evidence is not signed. */
  signingKey?: string | undefined;
  /** Left out, the node takes no NRI plugins. */
  nri?: PluginPlace | undefined;
  /** Told of what the node has done, for its metrics. */
  observer?: NodeObserver | undefined;
  /** Told of each step of an operation; a test ends the process there. */
  onStep?: StepObserver | undefined;
  /** Version of the product, recorded in every archive. */
  version: string;
  logger?: Logger;
}

export interface NodeObserver {
  checkpointed?(figures: CheckpointFigures): void;
  restored?(container: ContainerRecord): void;
}

/** Every method takes ids or their unique prefixes, as CRI clients send them. */
export class EmbeddedNode implements AsyncDisposable {
  readonly context: NodeContext;
  /** Space that the node's folders take. */
  readonly usage = new UsageMeter();
  readonly stats: StatsReader;
  readonly #openRepository: NodeOptions['openRepository'];
  readonly #ownership: AsyncDisposable;
  readonly #observer: NodeObserver | undefined;

  readonly #telling: Disposable;

  constructor(
    context: NodeContext,
    { openRepository, observer }: Pick<NodeOptions, 'openRepository' | 'observer'>,
    ownership: AsyncDisposable,
  ) {
    this.context = context;
    this.#observer = observer;
    this.stats = new StatsReader(context);
    this.#telling = tellEvents(context);
    this.#openRepository = openRepository;
    this.#ownership = ownership;
  }

  runSandbox(request: SandboxRequest): Promise<SandboxRecord> {
    return runSandbox(this.context, request);
  }

  stopSandbox(id: string): Promise<void> {
    return stopSandbox(this.context, id);
  }

  removeSandbox(id: string): Promise<void> {
    return removeSandbox(this.context, id);
  }

  /** What kubelet has set for the pod as a whole; NRI plugins are told of it. */
  updateSandbox(id: string, overhead?: Resources, resources?: Resources): Promise<void> {
    return tellPodResources(this.context, sandboxOf(this.context, id), overhead, resources);
  }

  sandbox(id: string): SandboxRecord {
    return sandboxOf(this.context, id);
  }

  sandboxes(): SandboxRecord[] {
    return this.context.sandboxes.list();
  }

  /** From an ordinary image, or from a checkpoint where the image is an archive's path or a checkpoint image. */
  async createContainer(
    sandboxID: string,
    request: ContainerRequest,
    options: ReadOptions = {},
  ): Promise<ContainerRecord> {
    const sandbox = sandboxOf(this.context, sandboxID);
    const create = async () => {
      if (!sandboxOf(this.context, sandbox.id).ready) {
        throw runtimeError('ERR_SANDBOX_NOT_READY', `sandbox ${sandbox.id} is stopped`);
      }
      const archive = await archiveOf(this.context, request.image);
      if (archive !== undefined) {
        const pull = { ...options, open: this.#openRepository };
        return createFromCheckpoint(this.context, sandbox, request, archive, pull);
      }
      const image = this.context.images.find(request.image);
      if (!image)
        throw runtimeError('ERR_IMAGE_NOT_FOUND', `image ${JSON.stringify(request.image)} is not on this node`);
      return createFromImage(this.context, sandbox, request, image);
    };
    return this.context.locks.run(`create ${sandbox.id}/${request.name}`, () => this.context.images.using(create));
  }

  /** Into an existing empty folder; all its containers of the list are frozen together (CRI CheckpointPod). */
  async checkpointPod(request: PodCheckpointRequest, options: CheckpointOptions = {}): Promise<void> {
    const figures = await checkpointPod(this.context, request, options);
    for (const each of figures) this.#observer?.checkpointed?.(each);
  }

  /** A sandbox and created containers from such a folder (CRI RestorePod). */
  restorePod(request: PodRestoreRequest, options: ReadOptions = {}): Promise<RestoredPod> {
    const pull = { ...options, open: this.#openRepository };
    return this.context.images.using(() => restorePod(this.context, request, pull));
  }

  async startContainer(id: string): Promise<ContainerRecord> {
    const started = await startContainer(this.context, id);
    if (started.restore) this.#observer?.restored?.(started);
    return started;
  }

  /** `timeout`: seconds between the request to end and the kill. */
  stopContainer(id: string, timeout: number): Promise<void> {
    return stopContainer(this.context, id, timeout);
  }

  removeContainer(id: string): Promise<void> {
    return removeContainer(this.context, id);
  }

  status(id: string): Promise<ContainerStatus> {
    return statusOf(this.context, containerOf(this.context, id));
  }

  statuses(): Promise<ContainerStatus[]> {
    return Promise.all(this.context.containers.list().map((record) => statusOf(this.context, record)));
  }

  /** Changes the limits that `change` gives. */
  updateContainer(id: string, change: Resources): Promise<ContainerRecord> {
    return updateResources(this.context, id, change);
  }

  reopenLog(id: string): Promise<void> {
    return reopenLog(this.context, id);
  }

  async checkpointContainer(id: string, location: string, options?: CheckpointOptions): Promise<CheckpointFigures> {
    const figures = await checkpointContainer(this.context, id, location, options);
    this.#observer?.checkpointed?.(figures);
    return figures;
  }

  execSync(id: string, command: readonly string[], options?: ExecSyncOptions) {
    return execSync(this.context, id, command, options);
  }

  exec(id: string, request: ExecRequest) {
    return openExec(this.context, id, request);
  }

  attach(id: string) {
    return openAttach(this.context, id);
  }

  /** A connection to a port on the loopback of a sandbox's network. */
  forward(sandboxID: string, port: number) {
    return openForward(this.context, sandboxID, port);
  }

  pullImage(reference: string, options: Omit<PullOptions, 'open'> = {}) {
    return this.context.images.pull(reference, { ...options, open: this.#openRepository });
  }

  /** Idempotent. Throws ERR_IMAGE_IN_USE where a container was made of it. */
  removeImage(reference: string): Promise<void> {
    return this.context.images.remove(reference, (image) => userOf(this.context, image));
  }

  /** Waits for work under way; containers go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.locks.idle();
    this.#telling[Symbol.dispose]();
    await this.#ownership[Symbol.asyncDispose]();
  }
}
