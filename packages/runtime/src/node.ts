/** The embedded node: pods and containers on an OCI runtime and CRIU. No gRPC here; packages/cri speaks that. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, type ReadOptions, silentLogger, UndoStack } from '@stillframe/core';
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
import { EventHub } from './events/event-hub.ts';
import { tellEvents } from './events/tell.ts';
import { openAttach } from './exec/attach.ts';
import { type ExecRequest, openExec } from './exec/exec.ts';
import { type ExecSyncOptions, execSync } from './exec/exec-sync.ts';
import { openForward } from './exec/forward.ts';
import { effectiveCapabilities } from './host/capabilities.ts';
import { locateCriu } from './host/criu-location.ts';
import { findProgram } from './host/find-program.ts';
import { ImageStore, type OpenRepository, type PullOptions } from './image/image-store.ts';
import { userOf } from './image/image-use.ts';
import { UsageMeter } from './image/usage.ts';
import { type NetworkPlaces, PodNetworks } from './network/pod-networks.ts';
import { openRunc } from './oci-runtime/runc.ts';
import { takeOwnership } from './owner.ts';
import { makeFolders, type NodePaths } from './paths.ts';
import { run } from './process/run.ts';
import { createFromCheckpoint } from './restore/create.ts';
import { type PodRestoreRequest, type RestoredPod, restorePod } from './restore/pod.ts';
import { archiveOf } from './restore/source.ts';
import { removeSandbox, runSandbox, type SandboxRequest, sandboxOf, stopSandbox } from './sandbox/sandbox.ts';
import { StatsReader } from './stats/stats-reader.ts';
import type { StepObserver } from './steps.ts';
import { KeyedLock } from './store/keyed-lock.ts';
import { OperationJournal } from './store/operation-journal.ts';
import { RecordStore } from './store/record-store.ts';
import type { CheckpointFigures, ContainerRecord, Resources, SandboxRecord } from './store/records.ts';
import { sweep } from './sweep.ts';

export interface NodeOptions {
  paths: NodePaths;
  /** Of the OCI runtime and CRIU; STILLFRAME_CRIU and PATH in it say where they are. */
  env: Readonly<Record<string, string | undefined>>;
  /** Opens the repository that a reference names, with whatever credentials and mirrors apply. */
  openRepository: OpenRepository;
  /** Names, or beginnings of names with `*` behind, of images that are never removed to free space. */
  pinnedImages?: readonly string[] | undefined;
  /** Cgroup of pods that name no parent of their own, `/stillframe` by default. */
  cgroupParent?: string | undefined;
  /** Where pods' networks come from; what is left out has defaults. */
  network?: NetworkPlaces | undefined;
  /** CRIU options of containers whose annotations say nothing else, by annotation (`io.stillframe.criu/…`). */
  criuDefaults?: Readonly<Record<string, string>> | undefined;
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
  async checkpointPod(request: PodCheckpointRequest, options: ReadOptions = {}): Promise<void> {
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

/** Opens the node, adopts its running containers and sweeps what an earlier one left. Throws ERR_NODE_BUSY. */
export async function openNode(options: NodeOptions): Promise<EmbeddedNode> {
  const logger = options.logger ?? silentLogger;
  const folders = await makeFolders(options.paths);
  // Both folders: a second node on the same root would remove what belongs to containers of the first.
  const ownership = new UndoStack();
  for (const folder of [options.paths.state, options.paths.root]) {
    try {
      const held = await takeOwnership(join(folder, 'node.pid'));
      ownership.push(folder, () => held[Symbol.asyncDispose]());
    } catch (error) {
      await ownership[Symbol.asyncDispose]();
      throw error;
    }
  }
  const criu = locateCriu(options.env);
  const oci = await openRunc({
    conmon: demandProgram('conmon', options.env),
    binary: demandProgram('runc', options.env),
    root: folders.ociRuntime,
    exitsFolder: folders.exits,
    attachFolder: folders.attach,
    criuFolder: criu?.folder,
    env: options.env,
  });
  const locks = new KeyedLock();
  const context: NodeContext = {
    folders,
    oci,
    images: await ImageStore.open(folders.images, logger),
    sandboxes: await RecordStore.open(folders.sandboxRecords, logger),
    containers: await RecordStore.open(folders.containerRecords, logger),
    journal: new OperationJournal(await RecordStore.open(folders.operations, logger)),
    locks,
    networks: new PodNetworks({ ...options.network, folder: folders.networks, env: options.env, locks, logger }),
    events: new EventHub(),
    onStep: options.onStep ?? (() => undefined),
    logger,
    capabilities: await heldCapabilities(),
    ...(await criuFacts(criu?.path)),
    criuDefaults: options.criuDefaults ?? {},
    version: options.version,
    cgroupParent: options.cgroupParent ?? '/stillframe',
  };
  context.images.pinned = options.pinnedImages ?? [];
  await sweep(context);
  return new EmbeddedNode(context, options, ownership);
}

/** A host without CRIU still runs containers; a checkpoint then fails with a reason. */
async function criuFacts(criu: string | undefined): Promise<Pick<NodeContext, 'criuVersion' | 'networkLock'>> {
  if (criu === undefined) return { criuVersion: 'missing', networkLock: 'iptables' };
  const version = await run([criu, '--version'], { timeout: 10_000 }).catch(() => undefined);
  const criuVersion = /Version: (\S+)/.exec(version?.stdout ?? '')?.[1] ?? 'missing';
  const nftables = await run([criu, 'check', '--feature', 'network_lock_nftables'], { timeout: 20_000 }).catch(
    () => undefined,
  );
  return { criuVersion, networkLock: nftables?.code === 0 ? 'nftables' : 'iptables' };
}

/** conmon wants absolute paths. */
function demandProgram(name: string, env: NodeOptions['env']): string {
  const path = findProgram(name, env);
  if (path === undefined) throw runtimeError('ERR_PROCESS_MISSING', `${name} is not installed`);
  return path;
}

/** The capabilities this process holds, which are all that it can give to a container. */
async function heldCapabilities(): Promise<ReadonlySet<string>> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return effectiveCapabilities(status) ?? new Set();
}
