export { isKept, tagOf } from './index-file.ts';
export { Layout } from './layout.ts';
export { keepImage, removeImages, type SweptLayout, sweepLayout } from './prune.ts';
