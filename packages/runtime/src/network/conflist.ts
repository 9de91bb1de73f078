/** Network configuration lists: the administrator's of /etc/cni/net.d, or the node's own bridge where there is none. */
import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject, systemCode } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { run } from '../process/run.ts';

/** A list of plugins that together make one network (CNI specification, section 1). Plain data: it is kept as JSON. */
export interface NetworkList {
  name: string;
  cniVersion: string;
  disableCheck: boolean;
  plugins: readonly (JsonObject & { type: string })[];
}

/** Bytes of a configuration file, and plugins in it. */
const FILE_LIMIT = 1 << 20;
const PLUGIN_LIMIT = 32;

/** The first file of `folder` by name, undefined where there is none. Throws ERR_NETWORK_CONFIG for one that is wrong. */
export async function configuredNetwork(folder: string): Promise<NetworkList | undefined> {
  const names = await readdir(folder).catch(() => []);
  const first = names.filter((name) => /\.(conflist|conf|json)$/.test(name)).sort()[0];
  if (first === undefined) return undefined;
  const path = join(folder, first);
  try {
    return parseNetwork(JSON.parse(await textOf(path)));
  } catch (cause) {
    // It was taken away between the look and the reading.
    if (systemCode(cause) === 'ENOENT') return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw runtimeError('ERR_NETWORK_CONFIG', `${path}: ${why}`, { cause });
  }
}

async function textOf(path: string): Promise<string> {
  await using handle = await open(path, 'r');
  const { size } = await handle.stat();
  if (size > FILE_LIMIT) throw new Error(`larger than ${FILE_LIMIT} bytes`);
  return handle.readFile('utf8');
}

/** A list, or one plugin's configuration as old files have it. */
export function parseNetwork(value: unknown): NetworkList {
  const { name, cniVersion = '0.3.1', disableCheck, plugins = [value] } = objectOf(value, 'the file');
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.-]{0,127}$/.test(name)) throw new Error('name is no network name');
  if (typeof cniVersion !== 'string' || !/^(0\.[34]|1\.[01])\.\d$/.test(cniVersion)) {
    throw new Error(`cniVersion ${JSON.stringify(cniVersion)} is not 0.3.0 to 1.1.0`);
  }
  if (!Array.isArray(plugins) || plugins.length === 0 || plugins.length > PLUGIN_LIMIT) {
    throw new Error(`plugins is no list of 1 to ${PLUGIN_LIMIT}`);
  }
  return {
    name,
    cniVersion,
    disableCheck: disableCheck === true || disableCheck === 'true',
    plugins: plugins.map((plugin, index) => {
      const found = objectOf(plugin, `plugins[${index}]`);
      const { type } = found;
      if (typeof type !== 'string' || type === '') throw new Error(`plugins[${index}] has no type`);
      return { ...found, type };
    }),
  };
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value;
  throw new Error(`${what} is no object`);
}

export interface BridgeOptions {
  /** IPv4, such as `10.150.1.0/24`. */
  subnet: string;
  bridge: string;
  /** Where host-local notes the addresses it gave. */
  dataFolder: string;
  /** Whether iptables works: packets that leave the host take its address, and host ports lead into pods. */
  iptables: boolean;
}

/** The node's own network: a bridge with an address range of its own. */
export function bridgeNetwork({ subnet, bridge, dataFolder, iptables }: BridgeOptions): NetworkList {
  return {
    name: 'stillframe',
    cniVersion: '1.0.0',
    disableCheck: false,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: iptables,
        // A pod may call its own service by its host port.
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: dataFolder, ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      ...(iptables ? [{ type: 'portmap', capabilities: { portMappings: true }, snat: true }] : []),
    ],
  };
}

/** Name of the bridge of the node with this root: two nodes on one host must not share one. At most 15 bytes. */
export function bridgeName(root: string): string {
  return `sf-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

/** Tries before the host is held to have no room for a range. */
const ATTEMPTS = 64;

/**
 * A /24 of 10.144.0.0/12 that no route of this host overlaps, the same for the same root as long as it is free.
 * Throws ERR_NETWORK_CONFIG.
 */
export async function freeSubnet(root: string): Promise<string> {
  const { stdout } = await run(['ip', '-4', '-j', 'route', 'show', 'table', 'all'], { timeout: 10_000 });
  const taken = routesIn(stdout);
  const first = createHash('sha256').update(root).digest().readUInt16BE(8);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const number = (first + attempt) & 0xfff;
    const start = ((10 << 24) | (144 << 16) | (number << 8)) >>> 0;
    if (!taken.some((range) => range.start <= start + 255 && start <= range.end)) {
      return `10.${144 + (number >> 8)}.${number & 0xff}.0/24`;
    }
  }
  throw runtimeError('ERR_NETWORK_CONFIG', 'every range tried for pods overlaps with a route of this host');
}

interface Range {
  start: number;
  end: number;
}

function routesIn(text: string): Range[] {
  const routes: unknown = JSON.parse(text || '[]');
  if (!Array.isArray(routes)) return [];
  return routes.flatMap((route: { dst?: unknown }) => {
    const [, a, b, c, d, bits = '32'] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(String(route.dst)) ?? [];
    // The default route and the like overlap with everything and mean nothing here.
    if (a === undefined || Number(bits) < 9) return [];
    const address = Number(a) * 2 ** 24 + Number(b) * 2 ** 16 + Number(c) * 256 + Number(d);
    const size = 2 ** (32 - Number(bits));
    const start = address - (address % size);
    return [{ start, end: start + size - 1 }];
  });
}
