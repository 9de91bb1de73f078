/** The embedded node as one process: runtime, CRI socket and kubelet-compatible API. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, type Logger, UndoStack } from '@stillframe/core';
import { type CriServerOptions, serveCri } from '@stillframe/cri';
import { openCriClient } from '@stillframe/cri/client';
import { openNode, type PluginPlace, type Step } from '@stillframe/runtime';
import { foldersOf, type NodePaths } from '@stillframe/runtime/place';
import { tellAskers } from '../evidence/api-captures.ts';
import { productVersion } from '../product.ts';
import { readRegistriesConf } from '../registries/conf-files.ts';
import { rulesOfMirrors } from '../registries/node-rules.ts';
import { mergeRules, type RegistryRule } from '../registries/rules.ts';
import { openRegistries } from '../registries.ts';
import { policedReader } from '../signature-policy.ts';
import { apiEndpoints, serveApi } from './api.ts';
import { criuDefaultsOf, type NodeConfig } from './config.ts';
import { DEFAULT_KEYS, readKeyFolder } from './decryption-keys.ts';
import { type NodeEndpoints, socketOf, writeEndpoints } from './endpoints.ts';
import { makeNodeFolders } from './folders.ts';
import { NodeMetrics } from './metrics.ts';
import { servePlainHttp } from './plain-http.ts';
import { servePods } from './pods.ts';
import { NodeRetention } from './retention.ts';
import { retentionPolicy } from './retention-config.ts';
import { openSigningKey, signingKeyPath } from './signing-key.ts';

export interface ServeOptions {
  paths: NodePaths;
  host: string;
  /** 0 lets the system choose. */
  port: number;
  cgroupParent: string;
  /** The rest of the configuration file. */
  config?: NodeConfig;
  env: Readonly<Record<string, string | undefined>>;
  logger: Logger;
}

/** A node that serves until it is disposed; its containers go on without it. */
export async function serveNode(options: ServeOptions): Promise<{ endpoints: NodeEndpoints } & AsyncDisposable> {
  const { paths, logger, env } = options;
  const made = await makeNodeFolders(paths);
  const undo = new UndoStack({ deadline: ((options.config?.stopTimeout ?? 60) + 60) * 1000 });
  try {
    const { config = {} } = options;
    const { insecure, pinned, decryptionKeys = DEFAULT_KEYS, signaturePolicy } = config.images ?? {};
    const registries = openRegistries(env, { rules: await imageRules(config, env), insecure, logger });
    undo.push('registry connections', () => registries[Symbol.asyncDispose]());
    const metrics = new NodeMetrics();
    const nri = pluginPlace(paths, config);
    const retention = retentionOf(paths, config, logger, metrics);
    if (retention) undo.push('retention', () => retention[Symbol.asyncDispose]());
    const signingKey = signingKeyPath(paths, config);
    await mkdir(foldersOf(paths).pki, { recursive: true, mode: 0o700 });
    await openSigningKey(signingKey);
    const node = await openNode({
      paths,
      signingKey,
      env,
      openRepository: (reference, credentials) => {
        const reader = registries.mirrored(reference, credentials);
        return signaturePolicy === undefined ? reader : policedReader(reader, reference, signaturePolicy);
      },
      pinnedImages: pinned,
      decryptionKeys: () => readKeyFolder(decryptionKeys, logger),
      criuDefaults: criuDefaultsOf(config),
      network: config.network,
      runtimes: config.runtimes,
      nri,
      observer: {
        checkpointed: (figures) => {
          metrics.checkpointed(figures);
          retention?.soon();
        },
        restored: () => metrics.restored(),
      },
      onStep: killer(env),
      version: productVersion,
      cgroupParent: options.cgroupParent,
      logger,
    });
    undo.push('node', () => node[Symbol.asyncDispose]());
    const socket = config.socket ?? socketOf(paths.state);
    const onCall: CriServerOptions['onCall'] = (call) => metrics.called(call);
    const { streaming } = config;
    const server = await serveCri(node, {
      socket,
      logger,
      streaming,
      onCall,
      graceMs: (config.stopTimeout ?? 60) * 1000,
    });
    undo.push('CRI server', () => server[Symbol.asyncDispose]());
    const criClient = await openCriClient({ socket });
    undo.push('CRI client', () => criClient[Symbol.asyncDispose]());
    const pods = await servePods({ paths, config, criClient, logger });
    undo.push('pods', () => pods[Symbol.asyncDispose]());
    const api = await serveApi({
      paths,
      host: options.host,
      port: options.port,
      config,
      criClient: pods.client,
      logger,
      metrics: () => metrics.text(node),
      onCheckpoint: tellAskers(signingKey, logger),
      onRequest: metrics.requested.bind(metrics),
      kept: () => pods.pods(),
    });
    undo.push('kubelet API', () => api[Symbol.asyncDispose]());
    const plain =
      config.metrics && (await servePlainHttp({ host: '127.0.0.1', ...config.metrics }, () => metrics.text(node)));
    if (plain) undo.push('metrics', () => plain[Symbol.asyncDispose]());
    const endpoints: NodeEndpoints = {
      pid: process.pid,
      socket,
      ...(nri ? { nri: nri.socket } : {}),
      ...(plain ? { metrics: plain.url } : {}),
      ...apiEndpoints(api, paths),
      signingKey,
    };
    await writeEndpoints(paths, endpoints);
    retention?.soon();
    return { endpoints, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    if (!isCode(error, 'ERR_NODE_BUSY')) await made.remove();
    throw error;
  }
}

function retentionOf(paths: NodePaths, { retention }: NodeConfig, logger: Logger, metrics: NodeMetrics) {
  const policy = retentionPolicy(retention);
  const { checkpoints: folder, operations } = foldersOf(paths);
  const removed = metrics.checkpointRemoved.bind(metrics);
  return policy && new NodeRetention({ folder, operations }, policy, logger, removed);
}

/** What the configuration itself says wins over the registries.conf that it names, prefix by prefix. Throws ERR_REGISTRIES_CONF. */
async function imageRules({ images = {} }: NodeConfig, env: ServeOptions['env']): Promise<RegistryRule[]> {
  const { mirrors = [], insecure = [], registriesConf: file } = images;
  const named = file === undefined ? [] : await readRegistriesConf({ home: env['HOME'], file });
  return mergeRules(named, rulesOfMirrors(mirrors, insecure, 'the node’s configuration'));
}

/** Plugins are taken unless the configuration says otherwise. */
function pluginPlace(paths: NodePaths, { nri = {} }: NodeConfig): PluginPlace | undefined {
  if (nri.enabled === false) return undefined;
  const milliseconds = (seconds: number | undefined) => seconds && seconds * 1000;
  return {
    socket: nri.socket ?? join(paths.state, 'nri.sock'),
    registrationTimeout: milliseconds(nri.registrationTimeout),
    requestTimeout: milliseconds(nri.requestTimeout),
  };
}

/**
 * For tests alone: ends this process, as a crash would, at the step that stands in the file which the variable names. It
 * is read at each step, so that a test can choose while the node serves.
 */
function killer({ STILLFRAME_TEST_KILL_AT: file }: ServeOptions['env']) {
  if (!file) return undefined;
  return (step: Step) => {
    if (existsSync(file) && readFileSync(file, 'utf8') === step) process.kill(process.pid, 'SIGKILL');
  };
}
