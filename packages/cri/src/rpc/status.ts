/** Status (CRI v1): whether runtime and network are ready. */
import type { RuntimeHandler } from '@stillframe/runtime';
import type { RuntimeRpc } from './rpc.ts';

export const status: RuntimeRpc<'status'> =
  (node) =>
  async ({ verbose }) => {
    const { oci, criuVersion, networkLock, folders } = node.context;
    const facts = {
      runtimes: oci.handlers.map(runtimeFact),
      criu: criuVersion,
      networkLock,
      checkpoints: folders.checkpoints,
    };
    const userNamespaces = (await node.context.userNamespacesMissing()) === undefined;
    const working = oci.handlers.flatMap((handler) => ('oci' in handler ? [handler.name] : []));
    const info: Record<string, string> = verbose ? { config: JSON.stringify(facts) } : {};
    return {
      status: {
        conditions: [
          { type: 'RuntimeReady', status: true },
          { type: 'NetworkReady', status: true, ...networkFault(node.context.networks.reason) },
        ],
      },
      info,
      features: { supplementalGroupsPolicy: true },
      // Mounts of a whole tree read-only need runc 1.1 or crun 1.4, which every system that is supported here has.
      runtimeHandlers: ['', ...working].map((name) => ({
        name,
        features: { recursiveReadOnlyMounts: true, userNamespaces },
      })),
    };
  };

/** `NAME: VERSION`, or why it cannot be used. */
function runtimeFact(handler: RuntimeHandler): string {
  const { name } = handler;
  return 'oci' in handler ? `${name}: ${handler.oci.name} ${handler.oci.version}` : `${name}: ${handler.reason}`;
}

/** Pods run all the same, each with its loopback interface. */
function networkFault(message: string | undefined) {
  return message === undefined ? {} : { reason: 'LoopbackOnly', message };
}
