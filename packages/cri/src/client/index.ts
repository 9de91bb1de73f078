/** A client that runs against any CRI socket, and what it may say beyond the CRI to one of ours. */
export { type CriErrorCode, criError } from '../grpc/errors.ts';
export { rpcErrorText } from '../grpc/status.ts';
export * from './cri-client.ts';
export {
  ASKED_BY_METADATA,
  type CaptureBudget,
  type CaptureWishes,
  type ClaimedAsker,
  captureMetadata,
  IMAGE_NAME_ANNOTATION,
  MAX_PAUSE_METADATA,
  OVER_BUDGET_METADATA,
  ROOTFS_METADATA,
} from './extensions.ts';
export type { CallOptions, ServiceClient, StreamMethod, UnaryMethod } from './service-client.ts';
export { socketPath } from './socket.ts';
