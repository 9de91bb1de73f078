/** Opening a node: the folders become this process's, programs are looked for, what an earlier node left is put right. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, silentLogger, UndoStack } from '@stillframe/core';
import { listenForPlugins, Plugins } from '@stillframe/nri';
import type { NodeContext } from './context.ts';
import { EventHub } from './events/event-hub.ts';
import { effectiveCapabilities } from './host/capabilities.ts';
import { locateCriu } from './host/criu-location.ts';
import { ImageStore } from './image/image-store.ts';
import { PodNetworks } from './network/pod-networks.ts';
import { EmbeddedNode, type NodeOptions } from './node.ts';
import { openRuntimes } from './open-runtimes.ts';
import { takeOwnership } from './owner.ts';
import { makeFolders, type NodeFolders } from './paths.ts';
import { nodePort } from './plugins/port.ts';
import { noteStopped } from './plugins/stopped.ts';
import { run } from './process/run.ts';
import { KeyedLock } from './store/keyed-lock.ts';
import { OperationJournal } from './store/operation-journal.ts';
import { RecordStore } from './store/record-store.ts';
import { sweep } from './sweep.ts';
import { missingUserNamespaces } from './userns/support.ts';

/** Opens the node, adopts its running containers and sweeps what an earlier one left. Throws ERR_NODE_BUSY. */
export async function openNode(options: NodeOptions): Promise<EmbeddedNode> {
  const logger = options.logger ?? silentLogger;
  const folders = await makeFolders(options.paths);
  // Both folders: a second node on the same root would remove what belongs to containers of the first.
  const ownership = new UndoStack();
  try {
    for (const folder of [options.paths.state, options.paths.root]) {
      const held = await takeOwnership(join(folder, 'node.pid'));
      ownership.push(folder, () => held[Symbol.asyncDispose]());
    }
    const context = await openContext(options, folders, logger);
    context.images.pinned = options.pinnedImages ?? [];
    if (options.decryptionKeys) context.images.decryptionKeys = options.decryptionKeys;
    await sweep(context);
    await noteStopped(context);
    if (options.nri) {
      const listening = await listenForPlugins(options.nri.socket, context.plugins);
      ownership.push('NRI socket', () => listening[Symbol.asyncDispose]());
    }
    return new EmbeddedNode(context, options, ownership);
  } catch (error) {
    await ownership[Symbol.asyncDispose]();
    throw error;
  }
}

/** What every operation works with. */
async function openContext(options: NodeOptions, folders: NodeFolders, logger: Logger): Promise<NodeContext> {
  const criu = locateCriu(options.env);
  const oci = await openRuntimes(options, folders, criu?.folder);
  const locks = new KeyedLock();
  const images = await ImageStore.open(folders.images, logger);
  let missing: Promise<string | undefined> | undefined;
  const context: NodeContext = {
    folders,
    oci,
    images,
    sandboxes: await RecordStore.open(folders.sandboxRecords, logger),
    containers: await RecordStore.open(folders.containerRecords, logger),
    journal: new OperationJournal(await RecordStore.open(folders.operations, logger)),
    locks,
    networks: new PodNetworks({ ...options.network, folder: folders.networks, env: options.env, locks, logger }),
    events: new EventHub(),
    plugins: pluginsOf(options, logger, () => context),
    onStep: options.onStep ?? (() => undefined),
    logger,
    capabilities: await heldCapabilities(),
    userNamespacesMissing: () => {
      missing ??= missingUserNamespaces(folders.images, options.paths.state);
      return missing;
    },
    ...(await criuFacts(criu?.path)),
    criuDefaults: options.criuDefaults ?? {},
    signingKey: options.signingKey,
    version: options.version,
    cgroupParent: options.cgroupParent ?? '/stillframe',
  };
  return context;
}

function pluginsOf({ nri, version }: NodeOptions, logger: Logger, contextOf: () => NodeContext): Plugins {
  const { registrationTimeout: registration = 5000, requestTimeout: request = 2000 } = nri ?? {};
  return new Plugins({
    runtime: { name: 'stillframe', version },
    timeouts: { registration, request },
    logger,
    node: nodePort(contextOf),
  });
}

/** A host without CRIU still runs containers; a checkpoint then fails with a reason. */
async function criuFacts(criu: string | undefined): Promise<Pick<NodeContext, 'criuVersion' | 'networkLock'>> {
  if (criu === undefined) return { criuVersion: 'missing', networkLock: 'iptables' };
  const version = await run([criu, '--version'], { timeout: 10_000 }).catch(() => undefined);
  const criuVersion = /Version: (\S+)/.exec(version?.stdout ?? '')?.[1] ?? 'missing';
  const nftables = await run([criu, 'check', '--feature', 'network_lock_nftables'], { timeout: 20_000 }).catch(
    () => undefined,
  );
  return { criuVersion, networkLock: nftables?.code === 0 ? 'nftables' : 'iptables' };
}

/** The capabilities this process holds, which are all that it can give to a container. */
async function heldCapabilities(): Promise<ReadonlySet<string>> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return effectiveCapabilities(status) ?? new Set();
}
