import type { TreeFile } from './image-files.ts';
/** The layer with these files and the folders that they need. */
export declare function tarOf(files: readonly TreeFile[]): Uint8Array;
