/** The desk's server: opened checkpoints over HTTP on loopback, for the page that it serves. */
export type { CaseInput, DeskExport } from './case.ts';
export type { PushedImage } from './contract/index.ts';
export { type Desk, type DeskOptions, startDesk } from './desk.ts';
export { deskError } from './errors.ts';
export type { Captured, LiveNode, LiveTerminal, Watch } from './node/live-node.ts';
export type { PagePlace } from './page/page-files.ts';
