/** The checkpoint archive: reading, engine dialects, views over processes and memory, checkpoint images. */
export { carriedEntries, withBodies } from './archive/carried-entries.ts';
export * from './archive/compression.ts';
export { decompressedBytes } from './archive/decompress.ts';
export * from './archive/open.ts';
export { rangesOf } from './archive/ranges.ts';
export { readTarIndex, type TarReader } from './archive/reader.ts';
export * from './archive/tar-entry.ts';
export * from './archive/tar-header.ts';
export type { IndexerOptions, IndexFault, TarIndex } from './archive/tar-index.ts';
export { decodePax, encodePax, type PaxRecords } from './archive/tar-pax.ts';
export { type TarSourceEntry, tarSource } from './archive/tar-source.ts';
export { type WriterEntry, type WriterOptions, type WrittenArchive, writeArchive } from './archive/writer.ts';
export {
  encodeBindMounts,
  encodeConfigDump,
  encodeDeletedFiles,
  encodeSpecDump,
  type SourceFacts,
} from './archive/writer-metadata.ts';
export { compressSeekable, frameSizeOf, type SeekableOptions, ZSTD_LEVELS } from './archive/zstd-seekable-writer.ts';
export * from './cgroup/cgroups.ts';
export * from './checkpoint.ts';
export * from './dump/dump-facts.ts';
export * from './dump/dump-log.ts';
export { type EnvironmentEdit, planEnvironment } from './edit/environment.ts';
export { readOnlyMounts } from './edit/mounts.ts';
export { clampTasks, type ImageEdit, type TaskBounds } from './edit/tasks.ts';
export { findTokens, type TokenPlace } from './edit/tokens.ts';
export { type DroppedPages, findZeroPages } from './edit/zero-pages.ts';
export * from './elf-core/index.ts';
export { encodeStatus, encodeStatusDump, encodeWhiteouts } from './engine/containerd-documents.ts';
export { convertFor, isLaidOutFor } from './engine/convert-for.ts';
export * from './engine/index.ts';
export {
  type CaptureFacts,
  readStillframeAnnotations,
} from './engine/stillframe-annotations.ts';
export type { ConversionTarget, TargetEngine, TargetFacts } from './engine/target.ts';
export { checkpointError } from './errors.ts';
export * from './extract/index.ts';
export type { EpollWatch, TimerState } from './fd/event-files.ts';
export type { SignalOwner } from './fd/file-owner.ts';
export * from './fd/file-table.ts';
export type { FileTarget, MountPlace, PathTarget } from './fd/file-target.ts';
export { ghostImage, type Kept } from './fd/kept-file.ts';
export type { FileLock } from './fd/locks.ts';
export type { MemoryFile } from './fd/named-files.ts';
export * from './fd/open-files.ts';
export { ACCESS_MODE, openFlagNames } from './fd/open-flags.ts';
export type { Pipe } from './fd/pipes.ts';
export type { Terminal, TerminalSettings } from './fd/terminal.ts';
export type { FanotifyMark, InotifyWatch, WatchedInode } from './fd/watches.ts';
export * from './image/base-image.ts';
export { type AppendedImage, type AppendOptions, appendToChain } from './image/chain/append.ts';
export { isChain } from './image/chain/format.ts';
export { readChainConfig } from './image/chain/open.ts';
export * from './image/convert.ts';
export { type ConvertedPod, convertPod, demandOnePod, type PodMember } from './image/convert-pod.ts';
export * from './image/detect.ts';
export * from './image/extract.ts';
export { factsOf, platformOf } from './image/facts.ts';
export * from './image/open.ts';
export { imageFiles, imageFolder } from './image-sets.ts';
export * from './ipc/system-v.ts';
export * from './mapped-files.ts';
export * from './metadata/annotations.ts';
export * from './metadata/bind-mounts.ts';
export * from './metadata/config-dump.ts';
export * from './metadata/docker-config.ts';
export * from './metadata/documents.ts';
export * from './metadata/network-status.ts';
export * from './metadata/pod-options.ts';
export * from './metadata/spec-dump.ts';
export * from './metadata/status-dump.ts';
export { reportMissingImages } from './missing-images.ts';
export { missingParts } from './missing-parts.ts';
export type { Propagation } from './mount/mount-flags.ts';
export * from './mount/mount-tree.ts';
export * from './mount/mounts.ts';
export * from './namespace/kernel-namespaces.ts';
export type { ConnectionCount, ConnectionRow, ConnectionTuple } from './network/conntrack.ts';
export type { DeviceRow } from './network/devices.ts';
export * from './network/network.ts';
export type { AddressRow, NextHop, RouteRow, RuleRow } from './network/rtnetlink.ts';
export type { Sysctl } from './network/sysctls.ts';
export * from './process/command-line.ts';
export { ghostContent } from './process/ghost-content.ts';
export * from './process/maps.ts';
export * from './process/memory-pattern.ts';
export * from './process/memory-pieces.ts';
export * from './process/memory-search.ts';
export * from './process/memory-strings.ts';
export * from './process/process-tree.ts';
export * from './process/statistics.ts';
export type { Encoding } from './process/text-scan.ts';
export type { Queued } from './queued.ts';
export * from './retention/index.ts';
export * from './rootfs/changes.ts';
export * from './rootfs-diff.ts';
export { archiveTree, type RootfsTree } from './rootfs-tree.ts';
export { type Endpoint, endpointText } from './socket/address.ts';
export type { OptionValue, SocketOptions } from './socket/options.ts';
export { SocketPeers } from './socket/peers.ts';
export * from './socket/socket.ts';
export * from './socket/sockets.ts';
export type { TcpConnection } from './socket/tcp.ts';
export * from './task/index.ts';
