/** CheckpointPod (cri-api 0.37): only the caller's deadline limits it. */
import { askedByOf } from './asked-by.ts';
import { required } from './invalid.ts';
import { budgetOf } from './pause-budget.ts';
import type { RuntimeRpc } from './rpc.ts';

export const checkpointPod: RuntimeRpc<'checkpointPod'> =
  (node) =>
  async ({ podSandboxId, outputPath, containerIds, options }, { signal, metadata }) => {
    const sandboxID = required(podSandboxId, 'pod_sandbox_id');
    const request = { sandboxID, outputPath: required(outputPath, 'output_path'), containerIDs: containerIds, options };
    await node.checkpointPod(request, { signal, budget: budgetOf(metadata), askedBy: askedByOf(metadata) });
    return {};
  };
