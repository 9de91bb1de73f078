export * from './plan.ts';
export { ageText, reasonText, unmetText } from './reason.ts';
export * from './rules.ts';
