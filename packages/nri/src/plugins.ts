/**
 * All plugins of a node (containerd/nri, pkg/adaptation): they are told of what happens, one after the other in the order
 * of their indices, one event at a time. What is not told as an event is told when a plugin joins: a gate keeps both apart.
 */
import type { Duplex } from 'node:stream';
import { clone, create, type MessageInitShape } from '@bufbuild/protobuf';
import { messageOf } from '@stillframe/core';
import { nriError } from './errors.ts';
import { Gate } from './gate.ts';
import { AdjustmentMerge } from './merge/adjustments.ts';
import { Owners } from './merge/owners.ts';
import { overlaid } from './merge/resources.ts';
import { UpdateMerge } from './merge/updates.ts';
import {
  type Container,
  type ContainerAdjustment,
  type ContainerEviction,
  ContainerSchema,
  type ContainerUpdate,
  Event,
  type LinuxResources,
  LinuxResourcesSchema,
  Plugin,
  type PodSandbox,
  PodSandboxSchema,
} from './proto.ts';
import { PluginSession, type SessionOptions } from './session.ts';
import { synchronize } from './synchronize.ts';
import { type TellingEvent, tellOne, withoutUnknown } from './telling.ts';

export type PodInit = MessageInitShape<typeof PodSandboxSchema>;
export type ContainerInit = MessageInitShape<typeof ContainerSchema>;
export type ResourcesInit = MessageInitShape<typeof LinuxResourcesSchema>;

/** What plugins ask of the node. */
export interface NodePort {
  /** Everything that is there now. */
  state(): Promise<{ pods: PodInit[]; containers: ContainerInit[] }>;
  /** Changes limits of containers; gives the updates that could not be done. */
  update(updates: readonly ContainerUpdate[], plugin: string): Promise<ContainerUpdate[]>;
  /** Stops containers; does not wait for it. */
  evict(evictions: readonly ContainerEviction[], plugin: string): void;
}

export interface PluginsOptions extends Omit<SessionOptions, 'changes'> {
  node: NodePort;
}

/** What the plugins make of a container that is being created. */
export interface Adjusted {
  adjust: ContainerAdjustment;
  /** Of other containers. */
  updates: ContainerUpdate[];
}

/** Plugins that may be connected at once, with those that have not registered yet. */
const SESSIONS = 64;

export class Plugins implements AsyncDisposable {
  readonly #options: PluginsOptions;
  readonly #gate = new Gate();
  /** Every connection, in no order. */
  readonly #sockets = new Set<Duplex>();
  /** Those that are in step with the node, by index. */
  #sessions: PluginSession[] = [];
  /** The last event that was begun. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PluginsOptions) {
    this.#options = options;
  }

  /** Names of the plugins that are told of events, in their order. */
  get names(): string[] {
    return this.#sessions.map(({ name }) => name);
  }

  /**
   * While what this gives is held, no plugin joins: from telling of something that comes into being until it is among
   * `NodePort.state`.
   */
  enter(): Promise<Disposable> {
    return this.#gate.enter();
  }

  /** Takes a new connection: registers, configures and synchronizes the plugin. Whatever fails is logged. */
  async accept(socket: Duplex): Promise<void> {
    const { logger, node } = this.#options;
    if (this.#sockets.size >= SESSIONS) {
      logger.log('warn', 'NRI plugin turned away', { reason: `${SESSIONS} are connected already` });
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const changes: SessionOptions['changes'] = async (plugin, { update, evict }) => {
      node.evict(evict, plugin);
      return node.update(update, plugin);
    };
    try {
      const session = await PluginSession.open(socket, { ...this.#options, changes });
      void session.closed.then((reason) => this.#left(session, reason));
      const updates = await this.#gate.alone(() => this.#join(session));
      logger.log('info', 'NRI plugin joined', { plugin: session.name, order: this.names });
      if (updates.length > 0) await node.update(updates, session.name);
    } catch (error) {
      logger.log('warn', 'NRI plugin not taken', { reason: messageOf(error) });
      socket.destroy();
    }
  }

  /** Tells of a pod or container; the first plugin that refuses ends it. Throws ERR_NRI_REFUSED. */
  async tell(event: TellingEvent, pod: PodInit, container?: ContainerInit): Promise<void> {
    const request = { pod, ...(container ? { container } : {}) };
    await this.#each(event, (session) => tellOne(session, event, request));
  }

  /** `overhead` and `resources`: what the pod has besides its containers, and what these have together. */
  async updatePod(
    pod: PodInit,
    overhead: ResourcesInit | undefined,
    resources: ResourcesInit | undefined,
  ): Promise<void> {
    const request = { pod, overheadLinuxResources: overhead, linuxResources: resources };
    await this.#each(Event.UPDATE_POD_SANDBOX, async (session) => {
      await withoutUnknown(session.call(Plugin.method.updatePodSandbox, request));
    });
  }

  /**
   * Asks all plugins what is to be changed of a container that comes into being, and the validators among them whether
   * all that together may be. Throws ERR_NRI_REFUSED, ERR_NRI_CONFLICT, ERR_NRI_ADJUSTMENT.
   */
  async createContainer(pod: PodInit, container: ContainerInit): Promise<Adjusted> {
    const [podMessage, current] = [create(PodSandboxSchema, pod), create(ContainerSchema, container)];
    const pristine = clone(ContainerSchema, current);
    const owners = new Owners();
    const adjustments = new AdjustmentMerge(owners, current);
    const updates = new UpdateMerge(owners, current.id);
    await this.#each(Event.CREATE_CONTAINER, async (session) => {
      const answer = await session.call(Plugin.method.createContainer, { pod: podMessage, container: current });
      if (!answer) return;
      if (answer.adjust) adjustments.add(session.name, answer.adjust);
      updates.add(session.name, answer.update);
      this.#options.node.evict(answer.evict, session.name);
    });
    const adjusted = { adjust: adjustments.adjust, updates: updates.list() };
    await this.#validate(podMessage, pristine, adjusted, owners);
    return adjusted;
  }

  /** Asks all plugins before a container's limits change; gives the limits as they are to be, and updates of others. */
  async updateContainer(
    pod: PodInit,
    container: ContainerInit,
    resources: ResourcesInit,
  ): Promise<{ resources: LinuxResources; updates: ContainerUpdate[] }> {
    const containerID = container.id ?? '';
    const updates = new UpdateMerge(new Owners());
    let linuxResources = create(LinuxResourcesSchema, resources);
    const pristine = clone(LinuxResourcesSchema, linuxResources);
    await this.#each(Event.UPDATE_CONTAINER, async (session) => {
      const answer = await session.call(Plugin.method.updateContainer, { pod, container, linuxResources });
      if (!answer) return;
      updates.add(session.name, answer.update);
      this.#options.node.evict(answer.evict, session.name);
      const own = updates.list().find(({ containerId }) => containerId === containerID)?.linux?.resources;
      if (own) linuxResources = overlaid(pristine, own);
    });
    return {
      resources: linuxResources,
      updates: updates.list().filter(({ containerId }) => containerId !== containerID),
    };
  }

  /** Tells that a container has ended; gives updates of others. */
  async stopContainer(pod: PodInit, container: ContainerInit): Promise<ContainerUpdate[]> {
    const updates = new UpdateMerge(new Owners());
    await this.#each(Event.STOP_CONTAINER, async (session) => {
      const answer = await session.call(Plugin.method.stopContainer, { pod, container });
      if (answer) updates.add(session.name, answer.update);
    });
    return updates.list();
  }

  /** Hangs up on every plugin. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#last;
  }

  /** The plugin learns what is there, and from then on what happens. */
  async #join(session: PluginSession): Promise<ContainerUpdate[]> {
    // What is under way was begun before the gate was shut and ends by itself.
    await this.#last;
    const updates = await synchronize(session, await this.#options.node.state(), this.#options.timeouts.registration);
    if (!session.isOpen) throw nriError('ERR_NRI_CLOSED', `${session.name} was closed while it was synchronized`);
    this.#sessions = [...this.#sessions, session].sort((one, other) =>
      one.identity.index < other.identity.index ? -1 : Number(one.identity.index > other.identity.index),
    );
    return updates;
  }

  #left(session: PluginSession, reason: Error): void {
    this.#sessions = this.#sessions.filter((each) => each !== session);
    this.#options.logger.log('info', 'NRI plugin left', { plugin: session.name, reason: messageOf(reason) });
  }

  /** One event: plugins one after the other, and no other event meanwhile. */
  async #each(event: Event, work: (session: PluginSession) => Promise<void>): Promise<void> {
    using _inside = await this.#gate.enter();
    if (!this.#sessions.some((session) => session.wants(event))) return;
    const turn = this.#last.then(async () => {
      for (const session of this.#sessions.filter((each) => each.wants(event))) await work(session);
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #validate(pod: PodSandbox, container: Container, { adjust, updates }: Adjusted, owners: Owners): Promise<void> {
    const plugins = this.#sessions.map(({ identity }) => ({ name: identity.base, index: identity.index }));
    const request = { pod, container, adjust, update: updates, owners: owners.message(), plugins };
    await this.#each(Event.VALIDATE_CONTAINER_ADJUSTMENT, async (session) => {
      const asked = session.call(Plugin.method.validateContainerAdjustment, request);
      const answer = session.chose(Event.VALIDATE_CONTAINER_ADJUSTMENT)
        ? ((await asked) ?? { reject: true, reason: 'it does not answer' })
        : await withoutUnknown(asked);
      if (answer?.reject) {
        const reason = answer.reason || 'no reason given';
        throw nriError(
          'ERR_NRI_REFUSED',
          `NRI plugin ${session.name} rejects what plugins want of the container: ${reason}`,
        );
      }
    });
  }
}
