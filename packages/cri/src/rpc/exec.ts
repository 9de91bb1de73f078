/** Exec (CRI v1): an address at which the command starts and its streams are carried. */
import { invalidRequest, required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';
import { checkStreams, demandRunning } from './streams.ts';

export const exec: RuntimeRpc<'exec'> =
  (node, streaming) =>
  async ({ containerId, cmd, tty, stdin, stdout, stderr }) => {
    required(containerId, 'container_id');
    if (cmd.length === 0) throw invalidRequest('attribute "cmd" missing');
    checkStreams({ tty, stdin, stdout, stderr });
    const { id } = await demandRunning(node, containerId);
    const open = () => node.exec(id, { command: cmd, terminal: tty, stdin });
    return { url: streaming.address({ verb: 'exec', command: { stdin, stdout, stderr, terminal: tty, open } }) };
  };
