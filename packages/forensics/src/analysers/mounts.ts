/** The mounts of the container. */
import { type Mount, readMounts } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const mounts: Analyser<readonly Mount[]> = {
  title: 'mounts',
  read: ({ checkpoint: { images, spec }, signal }) => readMounts(images, { spec, signal }),
};
