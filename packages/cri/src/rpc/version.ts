import type { RuntimeRpc } from './rpc.ts';

export const version: RuntimeRpc<'version'> = (node) => async () => ({
  version: '0.1.0',
  runtimeName: 'stillframe',
  runtimeVersion: node.context.version,
  runtimeApiVersion: 'v1',
});
