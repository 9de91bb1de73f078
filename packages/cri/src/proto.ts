/** The messages, enums and services of CRI v1 (package runtime.v1), generated from proto/cri. */
export * from './gen/checkpoint_pb.ts';
export * from './gen/container_pb.ts';
export * from './gen/filesystem_pb.ts';
export * from './gen/image_pb.ts';
export * from './gen/lifecycle_pb.ts';
export * from './gen/metrics_pb.ts';
export * from './gen/node_pb.ts';
export * from './gen/resources_pb.ts';
export * from './gen/sandbox_pb.ts';
export * from './gen/security_pb.ts';
export * from './gen/service_pb.ts';
export * from './gen/stats_pb.ts';
export * from './gen/streaming_pb.ts';
export * from './gen/value_pb.ts';
