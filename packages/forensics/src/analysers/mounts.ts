/** The mounts of the container. */
import type { Mount } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const mounts: Analyser<readonly Mount[]> = {
  title: 'mounts',
  read: ({ mounts: found }) => Promise.resolve(found),
};
