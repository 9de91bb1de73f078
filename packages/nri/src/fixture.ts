/** A node of plugins on a socket of its own, and plugins for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listenForPlugins } from './listen.ts';
import { connectPlugin, type PluginHandlers } from './plugin/connect.ts';
import { type NodePort, Plugins } from './plugins.ts';
import type { Event } from './proto.ts';

export interface TestNode extends AsyncDisposable {
  plugins: Plugins;
  socket: string;
  /** What was logged: level and message. */
  logged: string[];
  /** Connects a plugin and waits until it is told of events. */
  join(index: string, handlers: Partial<PluginHandlers>, events?: readonly Event[]): ReturnType<typeof connectPlugin>;
}

/** Time-outs of `request` milliseconds. */
export async function openTestNode(port: Partial<NodePort> = {}, request = 300): Promise<TestNode> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-nri-'));
  const socket = join(folder, 'nri.sock');
  const logged: string[] = [];
  const plugins = new Plugins({
    runtime: { name: 'stillframe', version: '1.2.3' },
    timeouts: { registration: request, request },
    logger: {
      log: (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    },
    node: {
      state: async () => ({ pods: [], containers: [] }),
      update: async () => [],
      evict: () => undefined,
      ...port,
    },
  });
  const listening = await listenForPlugins(socket, plugins);
  return {
    plugins,
    socket,
    logged,
    async join(index, handlers, events) {
      const plugin = await connectPlugin(socket, { name: 'test', index, handlers, ...(events ? { events } : {}) });
      await plugin.ready;
      await until(() => plugins.names.includes(`${index}-test`));
      return plugin;
    },
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `holds`, for five seconds at most. */
export async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await delay(5))
    if (Date.now() > end) throw new Error('it does not come');
}
