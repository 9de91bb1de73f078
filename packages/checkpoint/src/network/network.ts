/** The network of a container: devices, addresses, routes, rules, firewall and followed connections of each network namespace. */
import { readAll, sliceSource, viewOf } from '@stillframe/core';
import type { ImageSet, KindName, Report, SignalOptions } from '@stillframe/criu-image';
import type { KernelNamespace } from '../namespace/kernel-namespaces.ts';
import { type ConnectionRow, decodeConnection, decodeExpectation } from './conntrack.ts';
import { type DeviceRow, readDevices } from './devices.ts';
import { type NetlinkMessage, readNetlink } from './netlink.ts';
import {
  type AddressRow,
  decodeAddress,
  decodeRoute,
  decodeRule,
  MessageType,
  type RouteRow,
  type RuleRow,
} from './rtnetlink.ts';
import { namespaceSysctls, type Sysctl } from './sysctls.ts';

/** Rules as a tool of the firewall wrote them. */
export interface FirewallText {
  readonly tool: 'iptables' | 'ip6tables' | 'nftables';
  /** What `iptables-save` or `nft list ruleset` printed; raw. Empty where there were no rules, or no such tool. */
  readonly rules: string;
  /** Whether the image holds more than is told. */
  readonly cut: boolean;
}

/**
 * One network namespace. Undefined is what the dump has no image of, an empty list what it has an empty one of.
 *
 * `state`: `captured`, with images; `external`, the runtime's, as a pod's is; `of-the-dumper`, as a rule the host's;
 * `not-captured`, the container's own and given to it empty by whoever restores, as runc asks CRIU to.
 */
export interface NetworkNamespace {
  readonly id: number;
  readonly state: 'captured' | 'external' | 'of-the-dumper' | 'not-captured';
  readonly externalKey: string | undefined;
  readonly joined: string | undefined;
  readonly pids: readonly number[];
  readonly devices: readonly DeviceRow[] | undefined;
  readonly addresses: readonly AddressRow[] | undefined;
  readonly routes: readonly RouteRow[] | undefined;
  readonly rules: readonly RuleRow[] | undefined;
  readonly firewall: readonly FirewallText[];
  readonly connections: readonly ConnectionRow[] | undefined;
  readonly expectations: readonly ConnectionRow[] | undefined;
  readonly sysctls: readonly Sysctl[];
}

/** Options of readNetwork. */
export interface NetworkOptions extends SignalOptions {
  /** Those that readKernelNamespaces found. */
  namespaces: readonly KernelNamespace[];
  /** Rows of one table that are kept; 100,000 by default. More are told as a fault. */
  rows?: number;
}

/** First words of what `ip address save`, `ip route save` and `ip rule save` write. */
const MAGICS = { ifaddr: 0x47361222, route: 0x45311224, route6: 0x45311224, rule: 0x71706986 } as const;
const ROWS = 100_000;
/** Bytes of a rule set that are told. */
const RULES = 4 << 20;
const TOOLS = ['iptables', 'ip6tables', 'nftables'] as const;
const KINDS: readonly KindName[] = [
  'netdev',
  ...(Object.keys(MAGICS) as (keyof typeof MAGICS)[]),
  ...TOOLS,
  'netns-ct',
  'netns-exp',
];

/** All network namespaces, also those of which nothing was captured. */
export async function readNetwork(images: ImageSet, options: NetworkOptions): Promise<readonly NetworkNamespace[]> {
  const known = new Map(options.namespaces.filter(({ nsKind }) => nsKind === 'net').map((each) => [each.id, each]));
  const ids = new Set([...known.keys(), ...KINDS.flatMap((kind) => images.ids(kind)), ...images.ids('netns')]);
  const found: NetworkNamespace[] = [];
  for (const id of [...ids].sort((a, b) => a - b)) found.push(await readOne(images, id, known.get(id), options));
  return found;
}

async function readOne(
  images: ImageSet,
  id: number,
  namespace: KernelNamespace | undefined,
  options: NetworkOptions,
): Promise<NetworkNamespace> {
  const entry = await images.single('netns', id, options);
  const externalKey = entry?.extKey || undefined;
  const captured = KINDS.some((kind) => images.source(kind, id) !== undefined);
  const tables = new Tables(images, id, options);
  return {
    id,
    state: captured ? 'captured' : externalKey ? 'external' : namespace?.ofDumper ? 'of-the-dumper' : 'not-captured',
    externalKey,
    joined: namespace?.joined,
    pids: namespace?.pids ?? [],
    devices: images.source('netdev', id) ? await readDevices(images, id, options) : undefined,
    addresses: await tables.rows('ifaddr', MessageType.address, decodeAddress),
    routes: both(
      await tables.rows('route', MessageType.route, decodeRoute),
      await tables.rows('route6', MessageType.route, decodeRoute),
    ),
    rules: await tables.rows('rule', MessageType.rule, decodeRule),
    firewall: await readFirewall(images, id, options),
    connections: await tables.rows('netns-ct', undefined, decodeConnection),
    expectations: await tables.rows('netns-exp', undefined, decodeExpectation),
    sysctls: entry ? namespaceSysctls(entry) : [],
  };
}

function both<T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined {
  return a === undefined && b === undefined ? undefined : [...(a ?? []), ...(b ?? [])];
}

/** The images of one network namespace that are netlink messages. */
class Tables {
  readonly #images: ImageSet;
  readonly #id: number;
  readonly #options: NetworkOptions;

  constructor(images: ImageSet, id: number, options: NetworkOptions) {
    this.#images = images;
    this.#id = id;
    this.#options = options;
  }

  /** The messages of `type`, or all, as rows; undefined where there is no such image. */
  async rows<T>(
    kind: keyof typeof MAGICS | 'netns-ct' | 'netns-exp',
    type: number | undefined,
    decode: (message: NetlinkMessage, report: Report) => T | undefined,
  ): Promise<readonly T[] | undefined> {
    const { signal, rows: most = ROWS } = this.#options;
    const source = this.#images.source(kind, this.#id);
    if (source === undefined) return undefined;
    const report = this.#images.reporter(kind, this.#id);
    const rows: T[] = [];
    const start = kind in MAGICS ? 4 : 0;
    if (start > 0 && !(await this.#hasMagic(kind as keyof typeof MAGICS, report))) return rows;
    for await (const message of readNetlink(source, report, { start, signal })) {
      if (type !== undefined && message.type !== type) continue;
      if (rows.length >= most) {
        report({ id: 'network-rows-limited', severity: 'error', message: `only the first ${most} rows are told` });
        break;
      }
      const row = decode(message, report);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  async #hasMagic(kind: keyof typeof MAGICS, report: Report): Promise<boolean> {
    const source = this.#images.source(kind, this.#id);
    if (source === undefined || source.size === 0) return false;
    const head = new Uint8Array(4);
    const read = await source.readInto(0, head, this.#options);
    const magic = read === 4 ? viewOf(head).getUint32(0, true) : undefined;
    if (magic === MAGICS[kind]) return true;
    const message =
      magic === undefined ? `the image has ${read} bytes` : `0x${magic.toString(16)} is not the magic of ip`;
    report({ id: 'image-magic-mismatch', severity: 'error', offset: 0, message });
    return false;
  }
}

async function readFirewall(images: ImageSet, id: number, options: SignalOptions): Promise<readonly FirewallText[]> {
  const found: FirewallText[] = [];
  for (const tool of TOOLS) {
    const source = images.source(tool, id);
    if (source === undefined) continue;
    const cut = source.size > RULES;
    const bytes = await readAll(cut ? sliceSource(source, 0, RULES) : source, { ...options, limit: RULES });
    found.push({ tool, rules: new TextDecoder().decode(bytes), cut });
    if (cut) {
      const message = `only the first ${RULES} of ${source.size} bytes of rules are told`;
      images.reporter(tool, id)({ id: 'network-rows-limited', severity: 'error', message });
    }
  }
  return found;
}
