/** GetContainerEvents (CRI v1): what happens from now on, each with the state of the whole pod. */
import type { NodeEventKind } from '@stillframe/runtime';
import { ContainerEventType } from '../proto.ts';
import { containerStatusView } from './container-view.ts';
import { sandboxStatusView } from './pod-sandbox-status.ts';
import type { RuntimeRpc } from './rpc.ts';

const TYPES: Readonly<Record<NodeEventKind, ContainerEventType>> = {
  created: ContainerEventType.CONTAINER_CREATED_EVENT,
  started: ContainerEventType.CONTAINER_STARTED_EVENT,
  stopped: ContainerEventType.CONTAINER_STOPPED_EVENT,
  deleted: ContainerEventType.CONTAINER_DELETED_EVENT,
};

export const getContainerEvents: RuntimeRpc<'getContainerEvents'> =
  (node) =>
  (_request, { signal }) => {
    // Not within the generator: what happens before the caller's first look must not be missed.
    const events = node.context.events.subscribe(signal);
    return (async function* () {
      for await (const { kind, id, sandbox, at } of events) {
        const current = node.context.sandboxes.get(sandbox.id) ?? sandbox;
        const statuses = (await node.statuses()).filter(({ record }) => record.sandboxID === sandbox.id);
        yield {
          containerId: id,
          containerEventType: TYPES[kind],
          createdAt: BigInt(at),
          podSandboxStatus: sandboxStatusView(current),
          containersStatuses: statuses.map(containerStatusView),
        };
      }
    })();
  };
