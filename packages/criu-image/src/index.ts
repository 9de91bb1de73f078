/** CRIU image sets: kinds, frames, entries and memory. The messages themselves are in the subpath `proto`. */
export * from './decode.ts';
export { deviceNumbers, deviceText } from './device-number.ts';
export * from './edit/memory-write.ts';
export * from './edit/pagemap-split.ts';
export * from './edit/rewrite.ts';
export { encodeImage } from './encode.ts';
export * from './image-set.ts';
export * from './kind.ts';
export * from './kinds.ts';
export * from './memory/address-space.ts';
export * from './memory/memory-range.ts';
export * from './memory/page-chain.ts';
export { PageFlag, UNIT } from './memory/pagemap-entry.ts';
export { Segments } from './memory/segments.ts';
export { openStoredPages, type Run, StoredPages } from './memory/stored-pages.ts';
export * from './memory/vma-status.ts';
export { schemaNamed } from './schemas.ts';
export { namesOfEnum } from './wire/shape.ts';
