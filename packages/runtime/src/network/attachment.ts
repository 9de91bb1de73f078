/** One pod on one network: ADD, CHECK and DEL through its list of plugins (CNI specification 1.0, section 3). */
import type { JsonObject } from '@stillframe/core';
import type { NetworkList } from './conflist.ts';
import { callPlugin, type PluginPlace } from './plugin.ts';

/** A host port that leads to a port of the pod, as the portmap plugin's `runtimeConfig` wants it. */
export interface PortMapping {
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp' | 'sctp';
  /** Empty: every address of the host. */
  hostIP: string;
}

/** All that taking the pod off the network again needs. Plain data: noted on disk before ADD. */
export interface Attachment {
  containerID: string;
  netns: string;
  interfaceName: string;
  args: string;
  network: NetworkList;
  portMappings: readonly PortMapping[];
  /** Of the last plugin; missing until ADD has ended. */
  result?: JsonObject;
}

/** Puts the pod on the network; the result of the last plugin. Throws ERR_NETWORK_FAILED, ERR_NETWORK_PLUGIN. */
export async function addTo(attachment: Attachment, place: PluginPlace): Promise<JsonObject> {
  let result: JsonObject = {};
  for (const [index, plugin] of attachment.network.plugins.entries()) {
    const config = configOf(attachment, plugin, index > 0 ? result : undefined);
    result = (await callPlugin({ command: 'ADD', type: plugin.type, ...attachment, config }, place)) ?? result;
  }
  return result;
}

/** Throws ERR_NETWORK_FAILED where the pod's network is not as ADD left it. */
export async function check(attachment: Attachment, place: PluginPlace): Promise<void> {
  const { network, result } = attachment;
  if (network.disableCheck || network.cniVersion.startsWith('0.3')) return;
  for (const plugin of network.plugins) {
    const config = configOf(attachment, plugin, result);
    await callPlugin({ command: 'CHECK', type: plugin.type, ...attachment, config }, place);
  }
}

/** Takes the pod off, last plugin first. Goes on to the end where one fails, then throws the first error. */
export async function removeFrom(attachment: Attachment, place: PluginPlace): Promise<void> {
  let failed: unknown;
  for (const plugin of attachment.network.plugins.toReversed()) {
    const config = configOf(attachment, plugin, attachment.result);
    await callPlugin({ command: 'DEL', type: plugin.type, ...attachment, config }, place).catch((error) => {
      failed ??= error;
    });
  }
  if (failed !== undefined) throw failed;
}

/** The plugin's own part with what the runtime adds: it gets of `runtimeConfig` only what it says it can do. */
function configOf({ network, portMappings }: Attachment, plugin: JsonObject, prevResult: JsonObject | undefined) {
  const { capabilities, ...own } = plugin;
  const able = capabilities as { portMappings?: unknown } | undefined;
  return {
    ...own,
    name: network.name,
    cniVersion: network.cniVersion,
    ...(able?.portMappings === true && portMappings.length > 0 ? { runtimeConfig: { portMappings } } : {}),
    ...(prevResult ? { prevResult } : {}),
  };
}
