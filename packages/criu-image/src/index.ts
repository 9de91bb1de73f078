/** CRIU image sets: kinds, frames, entries and memory. The messages themselves are in the subpath `proto`. */
export * from './decode.ts';
export * from './edit/memory-write.ts';
export * from './edit/rewrite.ts';
export * from './frame.ts';
export * from './image-set.ts';
export * from './kind.ts';
export * from './kinds.ts';
export * from './memory/address-space.ts';
export * from './memory/pagemap.ts';
export { PageFlag, UNIT } from './memory/pagemap-entry.ts';
export * from './memory/stored-pages.ts';
export * from './memory/vma-status.ts';
