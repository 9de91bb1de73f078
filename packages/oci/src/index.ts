/** OCI content: what a store is, layouts and registries as such, and the documents of images. */
export { putArtifact } from './artifact.ts';
export * from './content.ts';
export * from './copy.ts';
export * from './descriptor.ts';
export * from './encryption/index.ts';
export { imagePinned, manifestUnknown } from './errors.ts';
export * from './image-build.ts';
export * from './image-put.ts';
export { inParallel } from './in-parallel.ts';
export { encodeCanonical } from './json.ts';
export * from './layout/index.ts';
export * from './manifest.ts';
export { readBlob } from './read-blob.ts';
export * from './reference.ts';
export * from './registry/index.ts';
export * from './signature/index.ts';
export { StagedContent } from './staged.ts';
export { verified, verifyBytes } from './verify.ts';
