/** A client that runs against any CRI socket, and what it may say beyond the CRI to one of ours. */
export { rpcErrorText } from '../grpc/status.ts';
export * from './cri-client.ts';
export {
  type CaptureBudget,
  type CaptureWishes,
  type ClaimedAsker,
  captureMetadata,
  IMAGE_NAME_ANNOTATION,
  MAX_PAUSE_METADATA,
  OVER_BUDGET_METADATA,
  ROOTFS_METADATA,
} from './extensions.ts';
export { type ExecTerminal, openExecTerminal } from './terminal.ts';
