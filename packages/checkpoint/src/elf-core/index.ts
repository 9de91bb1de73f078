/** ELF cores of the processes of a checkpoint. */
export { type CoreFile, type CorePart, planCore, planCoreOf } from './core-file.ts';
export type { MemoryFacts } from './segments.ts';
export { type WriteCoreOptions, writeCore } from './write.ts';
