/** One plugin and its connection: who it is, what it wants to hear, and the calls to it. */
import type { Duplex } from 'node:stream';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { harmless, isCode, type Logger, messageOf, StillframeError } from '@stillframe/core';
import { nriError } from './errors.ts';
import { connections, Mux } from './mux.ts';
import {
  type ContainerUpdate,
  Event,
  Plugin,
  type RegisterPluginRequest,
  Runtime,
  type UpdateContainersRequest,
} from './proto.ts';
import { handled, TtrpcClient, TtrpcServer } from './ttrpc.ts';

/** The release of containerd/nri whose messages these are. */
const NRI_VERSION = 'v0.12.1';

export interface SessionOptions {
  runtime: { name: string; version: string };
  /** Milliseconds for a plugin to register, and to answer one call. */
  timeouts: { registration: number; request: number };
  logger: Logger;
  /** What a plugin wants of its own accord; gives what of it could not be done. */
  changes(plugin: string, request: UpdateContainersRequest): Promise<ContainerUpdate[]>;
}

/** The bit of an event in the mask of a subscription. */
const bitOf = (event: Event) => 1 << (event - 1);
/** Every event there is. */
const ALL = bitOf(Event.LAST) - 1;
/** Bytes of a plugin's words that a log or an error repeats. */
const WORDS = 1024;

/** A plugin that has registered. */
export class PluginSession {
  readonly #mux: Mux;
  readonly #client: TtrpcClient;
  readonly #options: SessionOptions;
  readonly #registered = Promise.withResolvers<RegisterPluginRequest>();
  #identity = { index: '', base: '' };
  #events = 0;
  /** Whether it named what it wants; one that named nothing gets all, also what it does not know. */
  #chose = false;
  #isOpen = true;

  private constructor(socket: Duplex, options: SessionOptions) {
    this.#options = options;
    this.#mux = new Mux(socket);
    this.#client = new TtrpcClient((bytes) => this.#mux.write(connections.plugin, bytes));
    const server = new TtrpcServer(
      (bytes) => this.#mux.write(connections.runtime, bytes),
      [
        handled(Runtime.method.registerPlugin, (request) => this.#register(request)),
        handled(Runtime.method.updateContainers, async (request) => ({
          failed: await options.changes(this.#demandName(), request),
        })),
      ],
    );
    this.#mux.listen(connections.plugin, (bytes) => this.#client.receive(bytes));
    this.#mux.listen(connections.runtime, (bytes) => server.receive(bytes));
    void this.#mux.closed.then((reason) => {
      this.#isOpen = false;
      this.#client.fail(reason);
      this.#registered.reject(reason);
    });
    this.#registered.promise.catch(() => undefined);
  }

  /** Waits for the plugin to register and configures it. Throws why that failed; the socket is then closed. */
  static async open(socket: Duplex, options: SessionOptions): Promise<PluginSession> {
    const session = new PluginSession(socket, options);
    try {
      await session.#registration();
      await session.#configure();
      return session;
    } catch (error) {
      session.close(messageOf(error));
      throw error;
    }
  }

  /** `10-name`: the index, by which plugins are ordered, and the name. */
  get name(): string {
    return `${this.#identity.index}-${this.#identity.base}`;
  }

  get identity(): { readonly index: string; readonly base: string } {
    return this.#identity;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Settles with the reason once the connection is gone. */
  get closed(): Promise<Error> {
    return this.#mux.closed;
  }

  wants(event: Event): boolean {
    return this.#isOpen && (this.#events & bitOf(event)) !== 0;
  }

  /** Whether it named the event itself. */
  chose(event: Event): boolean {
    return this.#chose && this.wants(event);
  }

  close(reason: string): void {
    this.#mux.close(nriError('ERR_NRI_CLOSED', reason));
  }

  /**
   * One call. An answer that is an error is thrown as ERR_NRI_REFUSED with the plugin's name. Where the plugin is gone,
   * does not answer in time or answers nonsense, it is closed and the answer is undefined: a plugin that is broken does not
   * hold up the node.
   */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    timeout = this.#options.timeouts.request,
  ): Promise<MessageShape<O> | undefined> {
    if (!this.#isOpen) return undefined;
    try {
      return await this.#client.call(method, request, timeout);
    } catch (error) {
      const text = harmless(messageOf(error).slice(0, WORDS));
      if (isCode(error, 'ERR_NRI_REFUSED') || isCode(error, 'ERR_NRI_TOO_LARGE')) {
        const details = StillframeError.is(error) ? error.details : {};
        throw nriError('ERR_NRI_REFUSED', `NRI plugin ${this.name} refused ${text}`, { details, cause: error });
      }
      this.#options.logger.log('error', 'NRI plugin closed', { plugin: this.name, method: method.name, reason: text });
      this.close(text);
      return undefined;
    }
  }

  async #registration(): Promise<void> {
    const { registration } = this.#options.timeouts;
    const late = () => nriError('ERR_NRI_TIMEOUT', `who connected has not registered within ${registration} ms`);
    const timer = setTimeout(() => this.#registered.reject(late()), registration);
    await this.#registered.promise.finally(() => clearTimeout(timer));
  }

  async #register({ pluginName, pluginIdx, NRIVersion }: RegisterPluginRequest) {
    const fault = namingFault(pluginName, pluginIdx);
    if (fault !== undefined) {
      const error = nriError('ERR_NRI_REGISTRATION', fault);
      // The plugin is to hear it before the connection ends.
      setImmediate(() => this.#registered.reject(error));
      throw error;
    }
    if (this.#identity.base !== '') throw nriError('ERR_NRI_REGISTRATION', `${this.name} has registered already`);
    this.#identity = { index: pluginIdx, base: pluginName };
    this.#registered.resolve({ pluginName, pluginIdx, NRIVersion } as RegisterPluginRequest);
    return {};
  }

  #demandName(): string {
    if (this.#identity.base === '') throw nriError('ERR_NRI_REGISTRATION', 'a plugin must register first');
    return this.name;
  }

  async #configure(): Promise<void> {
    const { runtime, timeouts } = this.#options;
    const request = {
      runtimeName: runtime.name,
      runtimeVersion: runtime.version,
      registrationTimeout: BigInt(timeouts.registration),
      requestTimeout: BigInt(timeouts.request),
      NRIVersion: NRI_VERSION,
    };
    const { events } = await this.#client.call(Plugin.method.configure, request, timeouts.registration);
    const unknown = events & ~ALL;
    if (unknown !== 0) {
      throw nriError(
        'ERR_NRI_REGISTRATION',
        `${this.name} wants events that are not known: 0x${(unknown >>> 0).toString(16)}`,
      );
    }
    this.#chose = events !== 0;
    this.#events = events === 0 ? ALL : events;
  }
}

/** What is wrong with a plugin's name and index, by the rules of containerd/nri. */
function namingFault(name: string, index: string): string | undefined {
  if (!/^[A-Za-z0-9_.+-]{1,256}$/.test(name)) {
    return `${harmless(JSON.stringify(name.slice(0, 64)))} is no name of a plugin: letters, digits and _ . + - make one`;
  }
  return /^\d\d$/.test(index)
    ? undefined
    : `${harmless(JSON.stringify(index.slice(0, 64)))} is no index: two digits make one`;
}
