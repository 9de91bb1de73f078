/** What a request to a kubelet has no room for. */
import { cliError } from '../usage.ts';

/** `given`: values by the names of their options. Throws ERR_USAGE_ARGUMENT where one was given. */
export function refuseOfKubelet(given: Readonly<Record<string, string | undefined>>, hint?: string): void {
  const refused = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (refused.length === 0) return;
  const message = `${refused.join(', ')}: a kubelet has no room for it in a request`;
  throw cliError('ERR_USAGE_ARGUMENT', message, hint === undefined ? {} : { hint });
}
