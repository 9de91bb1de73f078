export type { EndedCall } from './observe.ts';
export { type CriServerOptions, serveCri } from './server.ts';
