export * from './channel-options.ts';
export * from './errors.ts';
export * from './implementation.ts';
export * from './listen.ts';
export * from './service-definition.ts';
export * from './status.ts';
