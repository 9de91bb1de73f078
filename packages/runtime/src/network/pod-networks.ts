/**
 * The networks of pods. Attachments are noted below the node's root before anything is done, so that a node killed at
 * any moment finds what it must take down (and which addresses are given back) at its next start.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { runtimeError } from '../errors.ts';
import { run } from '../process/run.ts';
import type { KeyedLock } from '../store/keyed-lock.ts';
import type { SandboxIdentity, SandboxNetwork } from '../store/records.ts';
import { type Attachment, addTo, check, type PortMapping, removeFrom } from './attachment.ts';
import {
  bridgeName,
  bridgeNetwork,
  configuredNetwork,
  freeSubnet,
  type NetworkList,
  parseNetwork,
} from './conflist.ts';
import { removeMasquerade } from './masquerade.ts';
import { findPlugin, type PluginPlace } from './plugin.ts';
import { addressesOf } from './result.ts';

/** What the configuration says of pods' networks. */
export interface NetworkPlaces {
  /** The administrator's networks; `/etc/cni/net.d` by default. */
  configFolder?: string | undefined;
  /** Where the plugins are; the places of distributions and of Kubernetes by default. */
  pluginFolders?: readonly string[] | undefined;
  /** IPv4 range of the node's own bridge, such as `10.150.1.0/24`; one that is free on this host by default. */
  subnet?: string | undefined;
}

export interface PodNetworksOptions extends NetworkPlaces {
  /** `networks` below the node's root. */
  folder: string;
  env: Readonly<Record<string, string | undefined>>;
  locks: KeyedLock;
  logger: Logger;
}

export interface AttachRequest {
  sandboxID: string;
  identity: SandboxIdentity;
  /** Path of the pod's network namespace. */
  netns: string;
  portMappings: readonly PortMapping[];
}

const CONFIG_FOLDER = '/etc/cni/net.d';
/** Where distributions and Kubernetes put the plugins. */
const PLUGIN_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
const INTERFACE = 'eth0';

export class PodNetworks {
  readonly #options: PodNetworksOptions;
  readonly #place: PluginPlace;
  #own: NetworkList | undefined;
  #reason: string | undefined;

  constructor(options: PodNetworksOptions) {
    this.#options = options;
    const path = options.env['PATH'] ?? '';
    this.#place = { folders: options.pluginFolders ?? PLUGIN_FOLDERS, path: `${path}:/usr/sbin:/usr/bin:/sbin:/bin` };
  }

  /** Why pods get only a loopback interface, where the last attempt to give one more ended so. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * Puts the pod on the network. Where no network is configured and the node's own cannot be made, the pod has only
   * its loopback interface and the answer says why; with port mappings that is an error.
   * Throws ERR_NETWORK_CONFIG, ERR_NETWORK_PLUGIN, ERR_NETWORK_FAILED; nothing is left then.
   */
  async attach(request: AttachRequest): Promise<SandboxNetwork> {
    return this.#options.locks.run('network', async () => {
      const configured = await configuredNetwork(this.#options.configFolder ?? CONFIG_FOLDER);
      if (configured) return this.#attachTo(configured, request);
      try {
        const network = await this.#attachTo(await this.#ownNetwork(), request);
        this.#reason = undefined;
        return network;
      } catch (error) {
        const reason = messageOf(error);
        // A range that is used up is no fault of the host: the next pod may find room again.
        if (request.portMappings.length > 0 || /no IP addresses available/i.test(reason)) throw error;
        this.#reason = reason;
        this.#options.logger.log('warn', 'pod has only loopback', { sandboxID: request.sandboxID, reason });
        return { kind: 'loopback', ips: [], reason };
      }
    });
  }

  async #attachTo(network: NetworkList, request: AttachRequest): Promise<SandboxNetwork> {
    const attachment: Attachment = {
      containerID: request.sandboxID,
      netns: request.netns,
      interfaceName: INTERFACE,
      args: argsOf(request),
      network,
      portMappings: request.portMappings,
    };
    const mapped = network.plugins.some(({ capabilities }) => hasPortMappings(capabilities));
    if (request.portMappings.length > 0 && !mapped) {
      throw runtimeError('ERR_NETWORK_FAILED', `the network ${network.name} maps no host ports`);
    }
    await this.#note(attachment);
    try {
      const result = await addTo(attachment, this.#place);
      const ips = addressesOf(result);
      await this.#note({ ...attachment, result });
      return { kind: 'cni', name: network.name, ips };
    } catch (error) {
      // What a plugin that failed has made is taken down by DEL, which knows no order of events.
      await this.#detach(attachment).catch(() => undefined);
      throw error;
    }
  }

  /** Takes the pod off its network; does nothing where it is on none. Throws ERR_NETWORK_FAILED: try again then. */
  async detach(sandboxID: string): Promise<void> {
    const attachment = await this.#noted(sandboxID);
    if (attachment) await this.#options.locks.run('network', () => this.#detach(attachment));
  }

  /** Throws ERR_NETWORK_FAILED where the network of the pod is not as it was made; a pod on none is content. */
  async check(sandboxID: string): Promise<void> {
    const attachment = await this.#noted(sandboxID);
    if (attachment?.result) await check(attachment, this.#place);
  }

  /** Ids of all sandboxes that are, or may be, on a network. */
  async attached(): Promise<string[]> {
    const names = await readdir(this.#notes).catch(() => []);
    return names.flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
  }

  async #detach(attachment: Attachment): Promise<void> {
    await removeFrom(attachment, this.#place);
    const reason = await removeMasquerade(attachment, this.#place);
    const { containerID: sandboxID } = attachment;
    if (reason) this.#options.logger.log('warn', 'rules of a pod could not be removed', { sandboxID, reason });
    await rm(this.#notePath(attachment.containerID), { force: true });
    if (attachment.network.plugins[0]?.['bridge'] !== this.#bridge || (await this.attached()).length > 0) return;
    // The plugin never removes a bridge, which would stay for ever on a host whose node is gone.
    await run(['ip', 'link', 'delete', 'dev', this.#bridge, 'type', 'bridge'], { timeout: 10_000 });
  }

  async #ownNetwork(): Promise<NetworkList> {
    for (const type of ['bridge', 'host-local']) await findPlugin(type, this.#place.folders);
    if (this.#own) return this.#own;
    const { folder, subnet } = this.#options;
    const path = join(folder, 'stillframe.conflist');
    const kept = await readFile(path, 'utf8').catch(() => undefined);
    // Addresses that were given out stay valid when the daemon starts anew.
    if (kept !== undefined && (subnet === undefined || kept.includes(JSON.stringify(subnet)))) {
      this.#own = parseNetwork(JSON.parse(kept));
      return this.#own;
    }
    const iptables = await run(['iptables', '--wait', '5', '-t', 'nat', '-S', 'POSTROUTING'], { timeout: 10_000 }).then(
      ({ code }) => code === 0,
      () => false,
    );
    const network = bridgeNetwork({
      subnet: subnet ?? (await freeSubnet(folder)),
      bridge: this.#bridge,
      dataFolder: join(folder, 'addresses'),
      iptables: iptables && (await findPlugin('portmap', this.#place.folders).then(Boolean, () => false)),
    });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeTextAtomically(path, `${JSON.stringify(network, null, 2)}\n`);
    this.#own = network;
    return network;
  }

  get #bridge(): string {
    return bridgeName(this.#options.folder);
  }

  get #notes(): string {
    return join(this.#options.folder, 'attachments');
  }

  #notePath(sandboxID: string): string {
    return join(this.#notes, `${sandboxID}.json`);
  }

  async #note(attachment: Attachment): Promise<void> {
    await mkdir(this.#notes, { recursive: true, mode: 0o700 });
    await writeTextAtomically(this.#notePath(attachment.containerID), `${JSON.stringify(attachment, null, 2)}\n`);
  }

  async #noted(sandboxID: string): Promise<Attachment | undefined> {
    const text = await readFile(this.#notePath(sandboxID), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Attachment);
  }
}

function hasPortMappings(capabilities: unknown): boolean {
  return (capabilities as { portMappings?: unknown } | undefined)?.portMappings === true;
}

/** What plugins of clusters want to know (CNI conventions, CNI_ARGS); a value with a separator in it is left out. */
function argsOf({ sandboxID, identity }: AttachRequest): string {
  const facts = {
    IgnoreUnknown: '1',
    K8S_POD_NAMESPACE: identity.kubeNamespace,
    K8S_POD_NAME: identity.name,
    K8S_POD_INFRA_CONTAINER_ID: sandboxID,
    K8S_POD_UID: identity.uid,
  };
  const plain = Object.entries(facts).filter(([, value]) => /^[\w.-]+$/.test(value));
  return plain.map(([name, value]) => `${name}=${value}`).join(';');
}
