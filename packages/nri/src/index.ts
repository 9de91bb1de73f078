/** NRI plugins of a node: their socket, what they are told, and what comes of what they want. */
export { nriError } from './errors.ts';
export { listenForPlugins } from './listen.ts';
export { removedKey } from './merge/entries.ts';
export {
  type Adjusted,
  type ContainerInit,
  type NodePort,
  Plugins,
  type PodInit,
  type ResourcesInit,
} from './plugins.ts';
export {
  type ContainerAdjustment,
  ContainerState,
  type ContainerUpdate,
  Event,
  type Hooks,
  type LinuxContainerAdjustment,
  type LinuxResources,
  type LinuxSeccomp,
} from './proto.ts';
export type { TellingEvent } from './telling.ts';
