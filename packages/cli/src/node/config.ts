/** The node's configuration file: YAML with one schema, documented in docs/operate.md. */
import { messageOf } from '@stillframe/core';
import {
  absolutePath,
  ConfigFault,
  flag,
  group,
  groupWith,
  list,
  oneOf,
  type Read,
  type Reader,
  text,
  whole,
} from '@stillframe/core/schema';
import { parse } from 'yaml';
import { cliError } from '../usage.ts';
import { API_SECTIONS } from './api-config.ts';
import { retention } from './retention-config.ts';

const port = whole(0, 65_535);

/** What a RuntimeClass of Kubernetes may name. */
const handler: Reader<string> = (value, where) => {
  if (typeof value === 'string' && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return value;
  throw new ConfigFault(`${where} is not of small letters, digits and dashes`);
};

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
  /** Folder of pod manifests that the node keeps running. */
  podManifests: absolutePath,
  /** Folder of the logs of such pods; /var/log/pods by default. */
  podLogs: absolutePath,
  logLevel: oneOf('debug', 'info', 'warn', 'error'),
  /** Seconds that calls under way may take to end when the node is stopped. */
  stopTimeout: whole(0, 3600),
  images: group({
    mirrors: list(groupWith({ prefix: text, location: text, fallback: flag }, 'prefix', 'location')),
    insecure: list(text),
    /** A file as containers-registries.conf(5) has it, with the drop-in files that podman would read on top of it. */
    registriesConf: absolutePath,
    pinned: list(text),
    /** Folder of private keys for encrypted images; /etc/stillframe/keys by default, where it is there. */
    decryptionKeys: absolutePath,
    /** Which images are pulled, as containers-policy.json(5) has it; all where none is named. */
    signaturePolicy: absolutePath,
  }),
  /** Private key, in PEM, that signs evidence; made where it is not there. `pki/evidence.key` in the root by default. */
  signingKey: absolutePath,
  /** By runtime handler. */
  runtimes: list(groupWith({ name: handler, path: absolutePath, type: oneOf('runc', 'crun') }, 'name', 'path', 'type')),
  network: group({ configFolder: absolutePath, pluginFolders: list(absolutePath), subnet: text }),
  criu: group({
    tcpEstablished: flag,
    fileLocks: flag,
    ghostLimit: whole(0, 2 ** 32 - 1),
    networkLock: oneOf('nftables', 'iptables', 'skip'),
    manageCgroups: oneOf('soft', 'full', 'strict', 'ignore'),
    leaveRunning: flag,
    tcpClose: flag,
    skipInFlight: flag,
    linkRemap: flag,
    extUnixSk: flag,
    rootfs: oneOf('frozen', 'live'),
    /** Seconds that a checkpoint may take. */
    timeout: whole(1, 86_400),
  }),
  /** Where exec, attach and port-forward are served. */
  streaming: group({ host: text, port }),
  /** Where plugins of the Node Resource Interface connect; `nri.sock` in the state folder by default. Times in seconds. */
  nri: group({
    enabled: flag,
    socket: absolutePath,
    registrationTimeout: whole(1, 600),
    requestTimeout: whole(1, 600),
  }),
  /** Which checkpoints of the node's own folder stay. */
  retention,
  /** A plain HTTP port for /metrics and /healthz without a certificate. */
  metrics: groupWith({ host: oneOf('127.0.0.1', '::1', 'localhost'), port }, 'port'),
  ...API_SECTIONS,
});

export type NodeConfig = Read<typeof schema>;

type CriuKey = keyof NonNullable<NodeConfig['criu']>;

/** The annotation that says the same as a key of the section `criu`. */
const CRIU_ANNOTATIONS: Readonly<Record<CriuKey, string>> = {
  tcpEstablished: 'io.stillframe.criu/tcp-established',
  tcpClose: 'io.stillframe.criu/tcp-close',
  skipInFlight: 'io.stillframe.criu/skip-in-flight',
  fileLocks: 'io.stillframe.criu/file-locks',
  linkRemap: 'io.stillframe.criu/link-remap',
  extUnixSk: 'io.stillframe.criu/ext-unix-sk',
  ghostLimit: 'io.stillframe.criu/ghost-limit',
  networkLock: 'io.stillframe.criu/network-lock',
  manageCgroups: 'io.stillframe.criu/manage-cgroups',
  leaveRunning: 'io.stillframe.criu/leave-running',
  timeout: 'io.stillframe.criu/timeout',
  rootfs: 'io.stillframe.checkpoint/rootfs',
};

/** The section `criu` as the annotations that say the same. */
export function criuDefaultsOf({ criu = {} }: NodeConfig): Record<string, string> {
  const keys = Object.keys(CRIU_ANNOTATIONS) as CriuKey[];
  const said = keys.filter((key) => criu[key] !== undefined);
  return Object.fromEntries(said.map((key) => [CRIU_ANNOTATIONS[key], String(criu[key])]));
}

/** Reads a configuration from YAML. Throws ERR_NODE_CONFIG that names `path` and the key at fault. */
export function parseConfig(source: string, path: string): NodeConfig {
  try {
    return schema(parse(source, { strict: true, uniqueKeys: true, maxAliasCount: 0 }), '');
  } catch (cause) {
    throw cliError('ERR_NODE_CONFIG', `${path}: ${messageOf(cause)}`, { cause, details: { path } });
  }
}
