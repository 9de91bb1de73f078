/** The node's configuration file: YAML with one schema, documented in docs/operate.md. */
import { readFile } from 'node:fs/promises';
import { messageOf, systemCode } from '@stillframe/core';
import { parse } from 'yaml';
import { cliError } from '../usage.ts';
import { absolutePath, flag, group, groupWith, list, oneOf, type Read, text, whole } from './config-schema.ts';

/** Read where no other file is named, and where it is there. */
export const DEFAULT_CONFIG = '/etc/stillframe/node.yaml';

const port = whole(0, 65_535);

/** THE schema. Flags and environment variables of `stillframe node up` win over the file. */
const schema = group({
  /** Address of the kubelet-compatible API. */
  host: text,
  port,
  root: absolutePath,
  state: absolutePath,
  /** CRI socket; `cri.sock` in the state folder by default. */
  socket: absolutePath,
  cgroupParent: absolutePath,
  logLevel: oneOf('debug', 'info', 'warn', 'error'),
  /** Seconds that calls under way may take to end when the node is stopped. */
  stopTimeout: whole(0, 3600),
  images: group({
    mirrors: list(groupWith({ prefix: text, location: text, fallback: flag }, 'prefix', 'location')),
    insecure: list(text),
    pinned: list(text),
  }),
  network: group({ configFolder: absolutePath, pluginFolders: list(absolutePath), subnet: text }),
  criu: group({
    tcpEstablished: flag,
    fileLocks: flag,
    ghostLimit: whole(0, 2 ** 32 - 1),
    networkLock: oneOf('nftables', 'iptables', 'skip'),
    manageCgroups: oneOf('soft', 'full', 'strict', 'ignore'),
    leaveRunning: flag,
  }),
  /** Where exec, attach and port-forward are served. */
  streaming: group({ host: text, port }),
  /** A plain HTTP port for /metrics and /healthz without a certificate. */
  metrics: groupWith({ host: oneOf('127.0.0.1', '::1', 'localhost'), port }, 'port'),
});

export type NodeConfig = Read<typeof schema>;

/** The section `criu` as the annotations that say the same. */
export function criuDefaultsOf({ criu = {} }: NodeConfig): Record<string, string> {
  const names = {
    tcpEstablished: 'tcp-established',
    fileLocks: 'file-locks',
    ghostLimit: 'ghost-limit',
    networkLock: 'network-lock',
    manageCgroups: 'manage-cgroups',
    leaveRunning: 'leave-running',
  } as const;
  const rows = Object.entries(names).map(([key, name]) => {
    const value = criu[key as keyof typeof names];
    return value === undefined ? [] : [[`io.stillframe.criu/${name}`, String(value)] as const];
  });
  return Object.fromEntries(rows.flat());
}

/** Reads a configuration from YAML. Throws ERR_NODE_CONFIG that names `path` and the key at fault. */
export function parseConfig(source: string, path: string): NodeConfig {
  try {
    return schema(parse(source, { strict: true, uniqueKeys: true, maxAliasCount: 0 }), '');
  } catch (cause) {
    throw cliError('ERR_NODE_CONFIG', `${path}: ${messageOf(cause)}`, { cause, details: { path } });
  }
}

/** The file `path`, or the default one where it is there. Throws ERR_NODE_CONFIG. */
export async function readConfig(path: string | undefined): Promise<NodeConfig> {
  const file = path ?? DEFAULT_CONFIG;
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (cause) {
    if (path === undefined && systemCode(cause) === 'ENOENT') return {};
    throw cliError('ERR_NODE_CONFIG', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return parseConfig(source, file);
}
