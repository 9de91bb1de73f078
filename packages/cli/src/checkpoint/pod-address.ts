/** `namespace/pod`, of commands that take a whole pod. */
import { demandNames } from '../commands/address.ts';
import { cliError } from '../usage.ts';

/** `pod` alone means the namespace `default`. Throws ERR_USAGE_ARGUMENT. */
export function parsePodAddress(text: string): { kubeNamespace: string; pod: string } {
  const parts = text.split('/');
  if (parts.length === 1) parts.unshift('default');
  const [kubeNamespace, pod] = parts;
  if (parts.length !== 2 || !kubeNamespace || !pod) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is no pod: write NAMESPACE/POD, or POD alone`);
  }
  demandNames({ kubeNamespace, pod, container: 'any' });
  return { kubeNamespace, pod };
}
