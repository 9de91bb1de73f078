/** Pod sandboxes: run, stop, remove (CRI RunPodSandbox, StopPodSandbox, RemovePodSandbox). */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { harmless, UndoStack } from '@stillframe/core';
import { Event } from '@stillframe/nri';
import { nowNanoseconds } from '../clock.ts';
import { removeContainer, stopContainer } from '../container/lifecycle.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { PortMapping } from '../network/attachment.ts';
import { nameFault } from '../plain-name.ts';
import { informPlugins, tellPlugins } from '../plugins/tell.ts';
import type { IdMapping, SandboxIdentity, SandboxNetwork, SandboxRecord } from '../store/records.ts';
import { mappingFor } from '../userns/mapping.ts';
import { removeCgroups } from './cgroups.ts';
import { type Isolation, isolationOf } from './isolation.ts';
import { makeNamespaces, type NamespacePaths, removeNamespaces } from './namespaces.ts';
import { type DnsRequest, resolvConf, writePodFiles } from './pod-files.ts';
import { removePodFolder } from './pod-mounts.ts';
import { forgetSinkhole, openSinkhole, SINK } from './sinkhole.ts';
import { sysctlFiles } from './sysctls.ts';

export interface SandboxRequest {
  identity: SandboxIdentity;
  hostname: string;
  /** Absolute; container logs are written below it. Empty: a folder of the node's own. */
  logDirectory: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  runtimeHandler: string;
  cgroupParent: string;
  /** Kinds that the pod shares with the host instead of having its own. */
  hostNamespaces: readonly ('net' | 'ipc' | 'uts')[];
  /** Where containers that ask for nothing else have their processes; `container` where left out. */
  pidMode?: 'container' | 'pod' | 'node';
  dns?: DnsRequest;
  portMappings?: readonly PortMapping[];
  /** Kernel settings of the pod's own namespaces, by name (`net.ipv4.ip_forward`). */
  sysctls?: Readonly<Record<string, string>>;
  /** Of a user namespace of its own; left out, its users are the host's. */
  userMapping?: { uids: readonly IdMapping[]; gids: readonly IdMapping[] };
  /** Whether privileged containers may be made in it; not asked where left out. */
  privileged?: boolean;
}

/** Seconds that containers get to end when their pod is stopped. */
const GRACE = 2;

/** `noting` is told the id before anything is recorded under it. */
export async function runSandbox(
  context: NodeContext,
  request: SandboxRequest,
  noting: (sandboxID: string) => Promise<void> = async () => undefined,
): Promise<SandboxRecord> {
  const key = identityKey(request.identity);
  return context.locks.run(key, async () => {
    const taken = context.sandboxes.list().find((sandbox) => identityKey(sandbox.identity) === key);
    if (taken) {
      throw runtimeError(
        'ERR_SANDBOX_EXISTS',
        `pod ${request.identity.kubeNamespace}/${request.identity.name} has sandbox ${taken.id} already`,
      );
    }
    checkRequest(request);
    context.oci.named(request.runtimeHandler);
    const isolation = isolationOf(request);
    const dns = resolverOf(request, isolation);
    const mapping = await mappingFor(context, request);
    await using undo = new UndoStack();
    const id = randomBytes(32).toString('hex');
    const hostname = request.hostname || request.identity.name.slice(0, 63);
    const folder = join(context.folders.namespaces, id);
    const own = (['net', 'ipc', 'uts'] as const).filter((kind) => !request.hostNamespaces.includes(kind));
    const kinds = [...own, ...(request.pidMode === 'pod' ? (['pid'] as const) : [])];
    const namespaces = await makeNamespaces(folder, kinds, hostname, {
      settings: sysctlFiles(request.sysctls ?? {}, own),
      mapping,
    });
    undo.push('namespaces', () => removeNamespaces(folder));
    context.onStep('sandbox-namespaces');
    const network = await networkOf(context, id, request, namespaces, isolation);
    undo.push('network', () => context.networks.detach(id));
    undo.push('packets', () => forgetSinkhole(context, id, network));
    context.onStep('sandbox-network');
    undo.push('pod files', () => removePodFolder(context, id));
    await writePodFiles(join(context.folders.sandboxes, id), {
      hostname: await seenName(request, hostname),
      ips: network.ips,
      dns,
    });
    context.onStep('sandbox-files');
    const logDirectory = request.logDirectory || join(context.folders.logs, id);
    await mkdir(logDirectory, { recursive: true, mode: 0o755 });
    const draft: SandboxRecord = {
      id,
      identity: request.identity,
      hostname,
      logDirectory,
      labels: { ...request.labels },
      annotations: { ...request.annotations },
      runtimeHandler: request.runtimeHandler,
      cgroupParent: request.cgroupParent || context.cgroupParent,
      namespaces,
      ...(mapping ? { userMapping: mapping } : {}),
      pidMode: request.pidMode ?? 'container',
      network,
      ...(request.privileged === undefined ? {} : { privileged: request.privileged }),
      createdAt: nowNanoseconds(),
      ready: true,
    };
    using _joining = await context.plugins.enter();
    undo.push('plugins', () => informPlugins(context, Event.REMOVE_POD_SANDBOX, draft));
    await tellPlugins(context, Event.RUN_POD_SANDBOX, draft);
    await noting(id);
    const record = await context.sandboxes.put(draft);
    undo.keep();
    context.onStep('sandbox-recorded');
    context.logger.log('info', 'sandbox runs', { sandboxID: id, pod: request.identity.name });
    return record;
  });
}

/** Stops every container and takes the namespaces down. Idempotent; an unknown id is no error (CRI). */
export async function stopSandbox(context: NodeContext, idOrPrefix: string): Promise<void> {
  const sandbox = context.sandboxes.find(idOrPrefix);
  if (!sandbox) return;
  await Promise.all(containersOf(context, sandbox.id).map(({ id }) => stopContainer(context, id, GRACE)));
  await context.locks.run(sandbox.id, async () => {
    const ending = context.sandboxes.get(sandbox.id);
    if (ending?.ready) await informPlugins(context, Event.STOP_POD_SANDBOX, ending);
    // First the network: its plugins look for the interface in the namespace.
    await context.networks.detach(sandbox.id);
    await removeNamespaces(join(context.folders.namespaces, sandbox.id));
    await removePodFolder(context, sandbox.id);
    const current = context.sandboxes.get(sandbox.id);
    if (current) await context.sandboxes.put({ ...current, ready: false });
  });
}

/** Stops and removes the sandbox with all its containers. Idempotent; an unknown id is no error (CRI). */
export async function removeSandbox(context: NodeContext, idOrPrefix: string): Promise<void> {
  const sandbox = context.sandboxes.find(idOrPrefix);
  if (!sandbox) return;
  await stopSandbox(context, sandbox.id);
  for (const container of containersOf(context, sandbox.id)) await removeContainer(context, container.id);
  await context.locks.run(sandbox.id, async () => {
    using _joining = await context.plugins.enter();
    const ending = context.sandboxes.get(sandbox.id);
    if (ending) await informPlugins(context, Event.REMOVE_POD_SANDBOX, ending);
    await context.sandboxes.delete(sandbox.id);
    await rm(join(context.folders.logs, sandbox.id), { recursive: true, force: true });
    await removeCgroups(sandbox.cgroupParent);
  });
}

async function networkOf(
  context: NodeContext,
  sandboxID: string,
  { identity, portMappings = [] }: SandboxRequest,
  { net }: NamespacePaths,
  { network, pcap }: Isolation,
): Promise<SandboxNetwork> {
  // Ports of a pod in the host's network are the host's already.
  if (net === undefined) return { kind: 'host', ips: [] };
  const mapped = portMappings.filter(({ hostPort }) => hostPort !== 0);
  if (network === 'cni') return context.networks.attach({ sandboxID, identity, netns: net, portMappings: mapped });
  if (mapped.length > 0)
    throw runtimeError('ERR_SANDBOX_INVALID', 'host ports lead nowhere in a pod without a network');
  return network === 'sinkhole' ? openSinkhole(context, sandboxID, net, pcap) : { kind: 'loopback', ips: [] };
}

/** Text of /etc/resolv.conf; undefined: as on the host. A pod without a way out asks nobody of the host's. */
function resolverOf({ dns }: SandboxRequest, { forensic, network }: Isolation): string | undefined {
  const asked = dns && resolvConf(dns);
  if (asked !== undefined || !forensic) return asked;
  return network === 'sinkhole' ? `nameserver ${SINK.ipv4}\n` : '';
}

/** The name that containers see: in the host's network it is the host's. */
async function seenName({ hostNamespaces }: SandboxRequest, hostname: string): Promise<string> {
  if (!hostNamespaces.includes('uts')) return hostname;
  return (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim();
}

/** Throws ERR_SANDBOX_NOT_FOUND. */
export function sandboxOf(context: NodeContext, idOrPrefix: string): SandboxRecord {
  const sandbox = context.sandboxes.find(idOrPrefix);
  if (!sandbox) throw runtimeError('ERR_SANDBOX_NOT_FOUND', `there is no pod sandbox ${JSON.stringify(idOrPrefix)}`);
  return sandbox;
}

function containersOf(context: NodeContext, sandboxID: string) {
  return context.containers.list().filter((container) => container.sandboxID === sandboxID);
}

function identityKey({ kubeNamespace, name, uid, attempt }: SandboxIdentity): string {
  return JSON.stringify([kubeNamespace, name, uid, attempt]);
}

function checkRequest(request: SandboxRequest): void {
  const { identity, logDirectory, cgroupParent, hostname } = request;
  if (!/^[\w.-]{0,64}$/.test(hostname)) {
    throw runtimeError('ERR_SANDBOX_INVALID', `${JSON.stringify(hostname)} is no hostname`);
  }
  if (identity.name === '' || identity.kubeNamespace === '') {
    throw runtimeError('ERR_SANDBOX_INVALID', 'a pod sandbox needs a name and a namespace');
  }
  for (const [what, value] of [
    ['name', identity.name],
    ['namespace', identity.kubeNamespace],
    ['uid', identity.uid],
  ] as const) {
    const fault = nameFault(value);
    if (fault === undefined) continue;
    throw runtimeError('ERR_SANDBOX_INVALID', `the ${what} ${harmless(value.slice(0, 300))} of the pod ${fault}`);
  }
  if (
    logDirectory !== '' &&
    (!isAbsolute(logDirectory) || normalize(logDirectory) !== logDirectory.replace(/\/$/, ''))
  ) {
    throw runtimeError(
      'ERR_SANDBOX_INVALID',
      `the log directory ${JSON.stringify(logDirectory)} is not a plain absolute path`,
    );
  }
  if (cgroupParent.split('/').includes('..'))
    throw runtimeError('ERR_SANDBOX_INVALID', 'the cgroup parent has `..` in it');
}
