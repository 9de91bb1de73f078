/** ELF cores of the processes of a checkpoint. */
export { type CoreFile, planCoreOf } from './core-file.ts';
export { writeCore } from './write.ts';
