/** Writing a plugin in TypeScript. */
export { Event } from '../proto.ts';
export * from './connect.ts';
