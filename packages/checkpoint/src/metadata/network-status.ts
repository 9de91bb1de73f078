/** network.status: podman's addresses by network and interface (checkpoint-spec 5.1). */
import { type Diagnostics, isObject } from '@stillframe/core';
import { JsonFields } from './json-fields.ts';

/** One interface of the container. Text is raw and untrusted. */
export interface NetworkInterface {
  readonly network: string;
  readonly name: string;
  readonly mac: string | undefined;
  /** `10.88.0.5/16` and its gateway. */
  readonly addresses: readonly { readonly address: string; readonly gateway: string | undefined }[];
}

/** Reads a parsed network.status; podman writes `null` for a container without networks. */
export function decodeNetworkStatus(value: unknown, diagnostics: Diagnostics): readonly NetworkInterface[] {
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((network) => {
    const interfaces = new JsonFields(value, 'network.status', diagnostics).object(network).raw('interfaces');
    if (!isObject(interfaces)) return [];
    return Object.entries(interfaces).map(([name, item]) => {
      const fields = new JsonFields(item, `network.status:${network}:${name}`, diagnostics);
      const addresses = fields.objects('subnets').flatMap((subnet) => {
        const address = subnet.filled('ipnet');
        return address === undefined ? [] : [{ address, gateway: subnet.filled('gateway') }];
      });
      return { network, name, mac: fields.filled('mac_address'), addresses };
    });
  });
}
