export { tagOf } from './index-file.ts';
export { Layout, type LinkBlobOptions } from './layout.ts';
