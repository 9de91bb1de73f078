/** The messages, enums and services of NRI (package nri.pkg.api.v1alpha1), generated from proto/nri. */
export * from './gen/adjustment_pb.ts';
export * from './gen/container_pb.ts';
export * from './gen/linux_pb.ts';
export * from './gen/plugin_pb.ts';
export * from './gen/resources_pb.ts';
