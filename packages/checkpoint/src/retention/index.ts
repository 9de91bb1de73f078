export * from './plan.ts';
export { reasonText, unmetText } from './reason.ts';
export * from './rules.ts';
