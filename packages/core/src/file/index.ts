export * from './atomic-file.ts';
export * from './file-source.ts';
export * from './lock.ts';
export * from './scratch-file.ts';
export * from './temporary-folder.ts';
export * from './write-all.ts';
