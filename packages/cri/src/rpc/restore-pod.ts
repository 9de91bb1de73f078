/** RestorePod (cri-api 0.37): the containers are created, and StartContainer restores each. */
import { containerRequest } from './container-request.ts';
import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';
import { sandboxRequest } from './run-pod-sandbox.ts';

export const restorePod: RuntimeRpc<'restorePod'> =
  (node) =>
  async ({ checkpointPath, config, runtimeHandler, options, containerConfigs }, { signal }) => {
    const request = {
      checkpointPath: required(checkpointPath, 'checkpoint_path'),
      sandbox: sandboxRequest(config, runtimeHandler),
      containers: containerConfigs.map(containerRequest),
      options,
    };
    const { sandboxID, containers } = await node.restorePod(request, { signal });
    return {
      podSandboxId: sandboxID,
      restoredContainers: containers.map(({ name, containerID }) => ({ name, containerId: containerID })),
    };
  };
