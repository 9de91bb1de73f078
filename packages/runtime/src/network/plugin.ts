/** Runs one CNI plugin (CNI specification 1.0, section 2: environment, configuration on stdin, result on stdout). */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { run } from '../process/run.ts';

export interface PluginCall {
  command: 'ADD' | 'DEL' | 'CHECK';
  /** Name of the plugin's program. */
  type: string;
  containerID: string;
  /** Path of the network namespace; empty where it is gone already, which DEL allows. */
  netns: string;
  interfaceName: string;
  /** `K=V;K=V`. */
  args: string;
  config: JsonObject;
}

export interface PluginPlace {
  /** Folders searched for programs, in their order. */
  folders: readonly string[];
  /** PATH of the plugins, in which they find iptables. */
  path: string;
}

/** Milliseconds for one plugin. A DHCP lease takes its time. */
const TIMEOUT = 60_000;
/** Bytes of a result. */
const OUTPUT = 256 << 10;

/**
 * The plugin's result, undefined for one that says nothing (DEL and CHECK). Throws ERR_NETWORK_FAILED with the plugin's
 * own words (section 5: `code`, `msg`, `details`), ERR_NETWORK_PLUGIN where there is no such program.
 */
export async function callPlugin(call: PluginCall, place: PluginPlace): Promise<JsonObject | undefined> {
  const program = await findPlugin(call.type, place.folders);
  const env = {
    PATH: place.path,
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerID,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.interfaceName,
    CNI_ARGS: call.args,
    CNI_PATH: place.folders.join(':'),
  };
  const input = JSON.stringify(call.config);
  const { code, stdout, stderr } = await run([program, call.command], {
    env,
    input,
    timeout: TIMEOUT,
    maxOutput: OUTPUT,
  });
  const said = objectIn(stdout);
  if (code !== 0) {
    const words = [said?.['msg'], said?.['details']].filter((word) => typeof word === 'string' && word !== '');
    const reason = words.join(': ') || stderr.trim().slice(-500) || `code ${code}`;
    throw runtimeError('ERR_NETWORK_FAILED', `CNI plugin ${call.type} failed to ${call.command}: ${reason}`);
  }
  if (call.command === 'ADD' && !said) {
    throw runtimeError('ERR_NETWORK_FAILED', `CNI plugin ${call.type} gave no result that can be read`);
  }
  return said;
}

/** Throws ERR_NETWORK_PLUGIN. */
export async function findPlugin(type: string, folders: readonly string[]): Promise<string> {
  if (!/^[\w.-]{1,64}$/.test(type))
    throw runtimeError('ERR_NETWORK_PLUGIN', `${JSON.stringify(type)} names no CNI plugin`);
  for (const folder of folders) {
    const path = join(folder, type);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw runtimeError('ERR_NETWORK_PLUGIN', `CNI plugin ${type} is not in ${folders.join(', ')}`);
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // A plugin that dies writes whatever it likes; its exit code has the word then.
    return undefined;
  }
}
