/** The network namespaces: devices, routes, firewall. */
import { type NetworkNamespace, readKernelNamespaces, readNetwork } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const networks: Analyser<readonly NetworkNamespace[]> = {
  title: 'networks',
  async read({ checkpoint: { images, spec }, signal }) {
    return readNetwork(images, { namespaces: await readKernelNamespaces(images, { spec, signal }), signal });
  },
};
