/** The reading half, for hosts that cannot checkpoint: the archive that the repository ships, made by this demo. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Step } from '../step.ts';

/** The shipped archive. */
const samplePath: string = fileURLToPath(new URL('../../sample/counter.tar', import.meta.url));

export const openSampleStep: Step = {
  id: 'sample',
  title: 'Take the sample archive that the repository ships',
  async run(story) {
    if (!existsSync(samplePath)) throw new Error('the sample archive is missing from this copy of the repository');
    story.archive = samplePath;
    return 'made by this demo on a host that can checkpoint';
  },
};
