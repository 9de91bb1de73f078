/** Attach (CRI v1): an address at which the streams of a container's first process are carried. */
import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';
import { checkStreams, demandRunning } from './streams.ts';

export const attach: RuntimeRpc<'attach'> =
  (node, streaming) =>
  async ({ containerId, tty, stdin, stdout, stderr }) => {
    required(containerId, 'container_id');
    checkStreams({ tty, stdin, stdout, stderr });
    const { id } = await demandRunning(node, containerId);
    const open = () => node.attach(id);
    return { url: streaming.address({ verb: 'attach', command: { stdin, stdout, stderr, terminal: tty, open } }) };
  };
