export * from './capability.ts';
export * from './census.ts';
export * from './crit.ts';
export * from './free-port.ts';
export { findCriu, findPeer, findProgram, findSchema } from './peers.ts';
export * from './registry.ts';
export * from './thread.ts';
