export * from './listen.ts';
export * from './status.ts';
