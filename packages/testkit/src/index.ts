export * from './capability.ts';
export * from './census.ts';
export { findCriu, findPeer, findProgram, type Peer } from './peers.ts';
export * from './registry.ts';
export * from './thread.ts';
