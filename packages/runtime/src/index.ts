/** The embedded node and what its clients need to know of it. */

export type { CheckpointOptions } from './checkpoint/checkpoint.ts';
export type { PauseBudget } from './checkpoint/pause-budget.ts';
export type { ContainerRequest } from './container/request.ts';
export { signalName, signalNumber } from './container/signals.ts';
export type { ContainerState, ContainerStatus } from './container/status.ts';
export type { NodeEventKind } from './events/event-hub.ts';
export type { ForwardedConnection } from './exec/forward.ts';
export { type StreamSession, type TerminalSize, terminalSize } from './exec/session.ts';
export type { ImageRecord, PullOptions } from './image/image-store.ts';
export type { FolderUsage } from './image/usage.ts';
export { EmbeddedNode, type PluginPlace } from './node.ts';
export type { RuntimeHandler } from './oci-runtime/runtimes.ts';
export { openNode } from './open-node.ts';
export type { SandboxRequest } from './sandbox/sandbox.ts';
export { sinkholeState } from './sandbox/sinkhole.ts';
export type { CgroupFigures, Pressure } from './stats/figures.ts';
export { type Metric, metricDescriptors, sandboxMetrics } from './stats/metrics.ts';
export { defaultInterface, type InterfaceFigures } from './stats/network.ts';
export type { ContainerFigures, SandboxFigures } from './stats/stats-reader.ts';
export { type Operation, STEPS, type Step } from './steps.ts';
export type { Operation as OperationNote } from './store/operation-journal.ts';
export type {
  CheckpointFigures,
  ContainerRecord,
  DeviceRequest,
  IdMapping,
  MountRequest,
  Resources,
  SandboxRecord,
} from './store/records.ts';
