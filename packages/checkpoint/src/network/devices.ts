/** Network devices of a network namespace (netdev images, net_device_entry). */
import { type ImageSet, namesOfEnum, type SignalOptions } from '@stillframe/criu-image';
import type { net_device_entry } from '@stillframe/criu-image/proto';
import { bitsIn, DEVICE_FLAGS } from './names.ts';
import { deviceSysctls, type Sysctl } from './sysctls.ts';

/** A device. Its name is raw text. */
export interface DeviceRow {
  readonly index: number;
  readonly name: string;
  /** `loopback`, `veth`, `bridge`…; `type-<n>` for one that is not known. */
  readonly type: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  /** `02:42:ac:11:00:02`; CRIU records none of the loopback device. */
  readonly mac: string | undefined;
  /** The other end of a veth; its network namespace is CRIU's number, undefined for one outside of the dump. */
  readonly peer: { readonly index: number; readonly namespaceId: number | undefined } | undefined;
  /** Index of the bridge or bond that it belongs to. */
  readonly master: number | undefined;
  readonly sysctls: readonly Sysctl[];
}

/** The devices of one network namespace, in the order of the image. */
export async function readDevices(
  images: ImageSet,
  namespaceId: number,
  options: SignalOptions = {},
): Promise<readonly DeviceRow[]> {
  const devices: DeviceRow[] = [];
  for await (const entry of images.entries('netdev', namespaceId, options)) devices.push(deviceOf(entry, namespaceId));
  return devices;
}

function deviceOf(entry: net_device_entry, namespaceId: number): DeviceRow {
  const has = (field: string) => Object.hasOwn(entry, field);
  const peerNamespace = has('peerNsid') ? entry.peerNsid : undefined;
  // A device that is linked to nothing is written as its own peer.
  const linked = has('peerIfindex') && !(entry.peerIfindex === entry.ifindex && peerNamespace === namespaceId);
  return {
    index: entry.ifindex,
    name: entry.name,
    type: namesOfEnum('nd_type').get(entry.type)?.toLowerCase() ?? `type-${entry.type}`,
    mtu: entry.mtu,
    flags: bitsIn(DEVICE_FLAGS, entry.flags),
    mac: has('address') ? Array.from(entry.address.subarray(0, 32), hexPair).join(':') : undefined,
    peer: linked ? { index: entry.peerIfindex, namespaceId: peerNamespace } : undefined,
    master: has('master') ? entry.master : undefined,
    sysctls: deviceSysctls(entry.name, entry),
  };
}

function hexPair(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
