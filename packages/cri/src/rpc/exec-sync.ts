/** ExecSync (CRI v1): a failing exit code is a result; only a command that never ran or ran out of time is an error. */
import { CRI_MESSAGE_LIMIT } from '../grpc/channel-options.ts';
import { invalidRequest, required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

/** Bytes of both outputs together: they go into one message, with a little more. */
const ROOM = CRI_MESSAGE_LIMIT - 1024;

export const execSync: RuntimeRpc<'execSync'> =
  (node) =>
  async ({ containerId, cmd, timeout }, { signal }) => {
    required(containerId, 'container_id');
    if (cmd.length === 0) throw invalidRequest('attribute "cmd" missing');
    if (timeout < 0n) throw invalidRequest('the timeout is negative');
    const milliseconds = timeout === 0n ? undefined : Math.min(Number(timeout) * 1000, 2 ** 31 - 1);
    const { exitCode, stdout, stderr } = await node.execSync(containerId, cmd, { timeout: milliseconds, signal });
    const first = stdout.subarray(0, ROOM);
    return { exitCode, stdout: first, stderr: stderr.subarray(0, ROOM - first.byteLength) };
  };
