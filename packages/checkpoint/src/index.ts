/** The checkpoint archive: reading, engine dialects, views over processes and memory, checkpoint images. */
export * from './archive/compression.ts';
export * from './archive/open.ts';
export { readTarIndex, type TarReader } from './archive/reader.ts';
export * from './archive/tar-entry.ts';
export * from './archive/tar-header.ts';
export type { IndexerOptions, IndexFault, TarIndex } from './archive/tar-index.ts';
export { decodePax, encodePax, type PaxRecords } from './archive/tar-pax.ts';
export { type WriterEntry, type WriterOptions, type WrittenArchive, writeArchive } from './archive/writer.ts';
export {
  encodeBindMounts,
  encodeConfigDump,
  encodeDeletedFiles,
  encodeSpecDump,
  type SourceFacts,
} from './archive/writer-metadata.ts';
export * from './checkpoint.ts';
export { type EnvironmentEdit, planEnvironment } from './edit/environment.ts';
export { readOnlyMounts } from './edit/mounts.ts';
export { clampTasks, type ImageEdit, type TaskBounds } from './edit/tasks.ts';
export { findTokens, type TokenPlace } from './edit/tokens.ts';
export * from './elf-core/index.ts';
export { encodeStatus, encodeStatusDump, encodeWhiteouts } from './engine/containerd-documents.ts';
export { convertFor } from './engine/convert-for.ts';
export * from './engine/index.ts';
export {
  type CaptureFacts,
  readStillframeAnnotations,
} from './engine/stillframe-annotations.ts';
export type { TargetEngine, TargetFacts } from './engine/target.ts';
export { checkpointError } from './errors.ts';
export * from './image/base-image.ts';
export * from './image/convert.ts';
export * from './image/detect.ts';
export { factsOf, platformOf } from './image/facts.ts';
export * from './image/open.ts';
export { imageFiles, imageFolder } from './image-sets.ts';
export * from './mapped-files.ts';
export * from './metadata/annotations.ts';
export * from './metadata/bind-mounts.ts';
export * from './metadata/config-dump.ts';
export * from './metadata/docker-config.ts';
export * from './metadata/documents.ts';
export * from './metadata/network-status.ts';
export * from './metadata/spec-dump.ts';
export * from './metadata/status-dump.ts';
export { missingParts } from './missing-parts.ts';
export * from './process/command-line.ts';
export * from './process/fds.ts';
export * from './process/file-target.ts';
export { ghostContent } from './process/ghost-content.ts';
export * from './process/maps.ts';
export * from './process/memory-pattern.ts';
export * from './process/memory-pieces.ts';
export * from './process/memory-search.ts';
export * from './process/memory-strings.ts';
export * from './process/mounts.ts';
export * from './process/process-tree.ts';
export * from './process/statistics.ts';
export type { Encoding } from './process/text-scan.ts';
export * from './rootfs-diff.ts';
export { archiveTree, type RootfsTree } from './rootfs-tree.ts';
