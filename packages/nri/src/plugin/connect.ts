/** The other end: a plugin that connects to a runtime's NRI socket. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { connections, Mux } from '../mux.ts';
import { type Event, Plugin, Runtime, type UpdateContainersRequestSchema } from '../proto.ts';
import { handled, TtrpcClient, TtrpcServer } from '../ttrpc.ts';

type Methods = typeof Plugin.method;

/** What a plugin does on each call; what it throws is its refusal. */
export type PluginHandlers = {
  [K in keyof Methods]: (
    request: MessageShape<Methods[K]['input']>,
  ) => Promise<MessageInitShape<Methods[K]['output']>> | MessageInitShape<Methods[K]['output']>;
};

export interface PluginOptions {
  name: string;
  /** Two digits. */
  index: string;
  /** What it wants to hear of; everything where left out. */
  events?: readonly Event[];
  handlers?: Partial<PluginHandlers>;
}

export interface ConnectedPlugin extends AsyncDisposable {
  /** Settles once the runtime has synchronized it. */
  readonly ready: Promise<void>;
  /** Settles with the reason once the connection is gone. */
  readonly closed: Promise<Error>;
  /** Changes limits and evicts containers of the plugin's own accord; gives the updates that failed. */
  updateContainers(
    request: MessageInitShape<typeof UpdateContainersRequestSchema>,
  ): Promise<MessageShape<Methods['synchronize']['output']>['update']>;
}

/** Milliseconds for the runtime to answer. */
const PATIENCE = 30_000;

/** Connects to the Unix socket `path` and registers. Throws what the runtime says to that. */
export async function connectPlugin(path: string, options: PluginOptions): Promise<ConnectedPlugin> {
  const socket = connect(path);
  await once(socket, 'connect');
  const mux = new Mux(socket);
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  const client = new TtrpcClient((bytes) => mux.write(connections.runtime, bytes));
  const server = new TtrpcServer((bytes) => mux.write(connections.plugin, bytes), methodsOf(options, ready.resolve));
  mux.listen(connections.runtime, (bytes) => client.receive(bytes));
  mux.listen(connections.plugin, (bytes) => server.receive(bytes));
  void mux.closed.then((reason) => {
    client.fail(reason);
    ready.reject(reason);
  });
  const { name: pluginName, index: pluginIdx } = options;
  await client.call(Runtime.method.registerPlugin, { pluginName, pluginIdx }, PATIENCE);
  return {
    ready: ready.promise,
    closed: mux.closed,
    updateContainers: async (request) => (await client.call(Runtime.method.updateContainers, request, PATIENCE)).failed,
    async [Symbol.asyncDispose]() {
      mux.close(new Error('the plugin ends'));
    },
  };
}

function methodsOf({ events, handlers = {} }: PluginOptions, ready: () => void) {
  const mask = (events ?? []).reduce<number>((sum, event) => sum | (1 << (event - 1)), 0);
  const all: Partial<PluginHandlers> = {
    configure: () => ({ events: mask }),
    ...handlers,
    synchronize: async (request) => {
      const answer = (await handlers.synchronize?.(request)) ?? { more: request.more };
      // The answer goes out first.
      if (!request.more) setImmediate(ready);
      return answer;
    },
  };
  return (Object.keys(all) as (keyof Methods)[]).map((key) => {
    const method: DescMethodUnary<DescMessage, DescMessage> = Plugin.method[key];
    const handler = all[key] as (request: unknown) => Promise<Record<string, unknown>>;
    return handled(method, async (request) => handler(request));
  });
}
