/** The custom resources themselves, for who writes their definitions down. */
export { customResourceDefinitions } from './kinds.ts';
