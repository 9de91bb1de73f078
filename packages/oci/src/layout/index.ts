export type { LinkBlobOptions } from './given-file.ts';
export { isKept, tagOf } from './index-file.ts';
export { Layout } from './layout.ts';
export {
  keepImage,
  type ListedImage,
  type RemovedImages,
  removeImages,
  type SweptLayout,
  sweepLayout,
} from './prune.ts';
