/** Open files: a row an fd, with what it leads to. */
import type { Descriptor, FileFacts } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export interface FileRow extends Descriptor, FileFacts {}

export const files: Analyser<readonly FileRow[]> = {
  title: 'open files',
  async read({ open }) {
    return open.descriptors.map((each) => ({ ...each, ...open.facts(each.fileId) }));
  },
};
