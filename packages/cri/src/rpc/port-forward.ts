/** PortForward (CRI v1): an address that leads to ports of a pod's network. */
import { invalidRequest, required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

export const portForward: RuntimeRpc<'portForward'> =
  (node, streaming) =>
  async ({ podSandboxId, port }) => {
    const { id, ready } = node.sandbox(required(podSandboxId, 'pod_sandbox_id'));
    if (!ready) throw invalidRequest(`sandbox ${id} is stopped`);
    const bad = port.find((number) => number < 1 || number > 65_535);
    if (bad !== undefined) throw invalidRequest(`${bad} is no port`);
    const connect = (number: number) => node.forward(id, number);
    return { url: streaming.address({ verb: 'portforward', forward: { ports: port, connect } }) };
  };
