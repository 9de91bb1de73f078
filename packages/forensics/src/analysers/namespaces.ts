/** The namespaces of the kernel, with who is in them. */
import { type KernelNamespace, readKernelNamespaces } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const namespaces: Analyser<readonly KernelNamespace[]> = {
  title: 'namespaces',
  read: ({ checkpoint: { images, spec }, signal }) => readKernelNamespaces(images, { spec, signal }),
};
