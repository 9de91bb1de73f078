/** Taking out what a checkpoint holds beside private memory: files, queues, shared memory, texts, trees; each with its hash. */
export type { Content, Piece } from './content.ts';
export { contentOf, type ExtractedFile, extractInto } from './extract.ts';
export * from './extractable.ts';
export { extractors } from './extractors.ts';
export { type ExtractionFolder, openExtractionFolder } from './folder.ts';
export { Holders } from './holders.ts';
export * from './select.ts';
export { type StreamedPiece, streamThing } from './stream.ts';
