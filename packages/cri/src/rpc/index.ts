/** The table of RPCs that this node answers; any other is UNIMPLEMENTED, which clients know how to take. */
import { attach } from './attach.ts';
import { checkpointContainer } from './checkpoint-container.ts';
import { checkpointPod } from './checkpoint-pod.ts';
import { containerStats } from './container-stats.ts';
import { containerStatus } from './container-status.ts';
import { createContainer } from './create-container.ts';
import { exec } from './exec.ts';
import { execSync } from './exec-sync.ts';
import { getContainerEvents } from './get-container-events.ts';
import { imageFsInfo } from './image-fs-info.ts';
import { imageStatus } from './image-status.ts';
import { listContainerStats } from './list-container-stats.ts';
import { listContainers } from './list-containers.ts';
import { listImages } from './list-images.ts';
import { listMetricDescriptors } from './list-metric-descriptors.ts';
import { listPodSandbox } from './list-pod-sandbox.ts';
import { listPodSandboxMetrics } from './list-pod-sandbox-metrics.ts';
import { listPodSandboxStats } from './list-pod-sandbox-stats.ts';
import { podSandboxStats } from './pod-sandbox-stats.ts';
import { podSandboxStatus } from './pod-sandbox-status.ts';
import { portForward } from './port-forward.ts';
import { pullImage } from './pull-image.ts';
import { removeContainer } from './remove-container.ts';
import { removeImage } from './remove-image.ts';
import { removePodSandbox } from './remove-pod-sandbox.ts';
import { reopenContainerLog } from './reopen-container-log.ts';
import { restorePod } from './restore-pod.ts';
import { runPodSandbox } from './run-pod-sandbox.ts';
import { runtimeConfig } from './runtime-config.ts';
import { startContainer } from './start-container.ts';
import { status } from './status.ts';
import { stopContainer } from './stop-container.ts';
import { stopPodSandbox } from './stop-pod-sandbox.ts';
import { updateContainerResources } from './update-container-resources.ts';
import { updatePodSandboxResources } from './update-pod-sandbox-resources.ts';
import { updateRuntimeConfig } from './update-runtime-config.ts';
import { version } from './version.ts';

export const runtimeRpcs = {
  version,
  status,
  runtimeConfig,
  runPodSandbox,
  stopPodSandbox,
  removePodSandbox,
  podSandboxStatus,
  listPodSandbox,
  createContainer,
  startContainer,
  stopContainer,
  removeContainer,
  containerStatus,
  listContainers,
  checkpointContainer,
  checkpointPod,
  restorePod,
  execSync,
  exec,
  attach,
  portForward,
  updateContainerResources,
  reopenContainerLog,
  containerStats,
  listContainerStats,
  podSandboxStats,
  listPodSandboxStats,
  getContainerEvents,
  listMetricDescriptors,
  listPodSandboxMetrics,
  updateRuntimeConfig,
  updatePodSandboxResources,
} as const;

export const imageRpcs = { listImages, imageStatus, pullImage, removeImage, imageFsInfo } as const;
