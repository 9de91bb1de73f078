/** What is known of the container as a whole. */
import type { CheckpointMetadata, SpecDump } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export interface ContainerRow {
  readonly metadata: CheckpointMetadata;
  readonly spec: SpecDump | undefined;
}

export const container: Analyser<ContainerRow> = {
  title: 'container',
  read: async ({ checkpoint: { metadata, spec } }) => ({ metadata, spec }),
};
