/** CreateContainer: the image's root filesystem, the specification, and the waiting first process under its monitor. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { harmless, UndoStack } from '@stillframe/core';
import { Event } from '@stillframe/nri';
import { choicesOf, rootMode } from '../checkpoint/choices.ts';
import { criuOptionsOf, writeCriuConfig } from '../checkpoint/criu-options.ts';
import { nowNanoseconds } from '../clock.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ImageRecord } from '../image/image-store.ts';
import { nameFor } from '../image/names.ts';
import { nameFault } from '../plain-name.ts';
import { adjustByPlugins } from '../plugins/create.ts';
import { tellNotCreated } from '../plugins/stopped.ts';
import { informPlugins } from '../plugins/tell.ts';
import { refuseAlterations } from '../restore/alterations.ts';
import { makeRootfsFolders, mountOverlay, removeRootfsFolders, unmount } from '../rootfs/overlay.ts';
import { confine } from '../sandbox/confine.ts';
import { pidNamespaceOf } from '../sandbox/pid-namespace.ts';
import { podMounts } from '../sandbox/pod-mounts.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { mapVolumes, openWay, unmountMapped, withMappedLayers } from '../userns/mapped-mounts.ts';
import { containerFolders } from './folders.ts';
import { mountImageVolumes } from './image-volumes.ts';
import { processOf } from './process.ts';
import { removeMonitorFiles } from './remains.ts';
import type { ContainerRequest } from './request.ts';
import { signalNumber } from './signals.ts';
import { buildSpec, type SpecFacts } from './spec.ts';
import { prepareDevices } from './spec-devices.ts';
import { prepareMounts } from './spec-mounts.ts';
import { fitResources, resourceHost } from './spec-resources.ts';
import { prepareSecurity } from './spec-security.ts';
import { identityOf } from './status.ts';

/** Creates a container from an ordinary image. The caller has resolved sandbox and image and holds the name's lock. */
export async function createFromImage(
  context: NodeContext,
  sandbox: SandboxRecord,
  asked: ContainerRequest,
  image: ImageRecord,
): Promise<ContainerRecord> {
  refuseAlterations(asked.annotations);
  const { request, notes } = confine(sandbox, asked, { memory: 0, tasks: 0 });
  await using undo = new UndoStack();
  const draft = newRecord(context, sandbox, request, image);
  const mode = rootMode(choicesOf(context, request).target);
  await prepareRootfs(context, sandbox, draft.id, image, undo, (upper) => chmod(upper, mode));
  context.onStep('create-rootfs');
  const folders = containerFolders(context, draft.id);
  const config = await context.images.config(image);
  const what = await processOf(request, config.config, folders.rootfs);
  const stopSignal = stopSignalOf(request, config.config?.StopSignal);
  const mounts = await mountImageVolumes(context, sandbox, draft.id, request.mounts, undo);
  const complete = { ...draft, ...stopSignal, mounts };
  // From the question to plugins until it is recorded, none of them joins.
  using _joining = await context.plugins.enter();
  undo.push('plugins', () => tellNotCreated(context, sandbox, complete));
  const record = await writeBundle(context, sandbox, complete, { ...request, mounts }, what);
  context.onStep('create-bundle');
  undo.push('monitor', () => removeMonitorFiles(context, record.id));
  undo.push('container', () => context.oci.delete(record.id));
  const bundle = {
    containerID: record.id,
    folder: folders.bundle,
    logPath: record.logPath,
    stdin: request.stdin,
    stdinOnce: request.stdinOnce ?? false,
    terminal: request.terminal,
  };
  const creating = context.oci.create(bundle, sandbox.runtimeHandler);
  context.onStep('create-begun');
  const pid = await creating;
  await unmountMapped(folders.bundle);
  context.onStep('create-process');
  const clamped = [...(record.clamped ?? []), ...notes];
  const told = clamped.length > 0 ? { clamped } : {};
  const created = await context.containers.put({ ...record, ...told, ...(await identityOf(pid)) });
  undo.keep();
  context.onStep('create-recorded');
  await informPlugins(context, Event.POST_CREATE_CONTAINER, created);
  return created;
}

/** The record of a container to be; nothing is on disk yet. */
export function newRecord(
  context: NodeContext,
  sandbox: SandboxRecord,
  request: ContainerRequest,
  image: ImageRecord,
): ContainerRecord {
  const id = randomBytes(32).toString('hex');
  checkRequest(context, sandbox, request);
  return {
    id,
    sandboxID: sandbox.id,
    name: request.name,
    attempt: request.attempt,
    labels: { ...request.labels },
    annotations: { ...request.annotations },
    image: {
      requested: request.image,
      name: nameFor(image, request.image),
      id: image.id,
      repoDigests: image.repoDigests,
    },
    logPath: join(sandbox.logDirectory, request.logPath || `${id}.log`),
    mounts: [...request.mounts],
    resources: request.resources,
    ...(request.devices?.length ? { devices: [...request.devices] } : {}),
    stdin: request.stdin,
    stdinOnce: request.stdinOnce ?? false,
    terminal: request.terminal,
    ...stopSignalOf(request),
    createdAt: nowNanoseconds(),
  };
}

/** Makes and mounts the root filesystem; its undoing is pushed on `undo`. */
export async function prepareRootfs(
  context: NodeContext,
  sandbox: SandboxRecord,
  id: string,
  image: ImageRecord,
  undo: UndoStack,
  fill: (upper: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const folders = containerFolders(context, id);
  undo.push('container folder', () => removeRootfsFolders(folders.folder));
  const rootfs = await makeRootfsFolders(folders.folder);
  undo.push('bundle', () => rm(folders.bundle, { recursive: true, force: true }));
  await mkdir(folders.bundle, { recursive: true, mode: 0o700 });
  undo.push('mapped mounts', () => unmountMapped(folders.bundle));
  await openWay(context, sandbox, id);
  await fill(rootfs.upper);
  const { userMapping: own } = sandbox;
  if (own) await chown(rootfs.upper, own.uids.hostID, own.gids.hostID);
  undo.push('root filesystem', () => unmount(folders.rootfs));
  await withMappedLayers(context, sandbox, id, image.layers, (layersFolder) =>
    mountOverlay(layersFolder, image.layers, rootfs, folders.rootfs),
  );
}

/** What draws on a terminal must know its kind; the request's and the image's own word come first. */
function withTerminal(env: readonly string[]): string[] {
  return env.some((each) => each.startsWith('TERM=')) ? [...env] : [...env, 'TERM=xterm'];
}

/** The request's, else the image's; an image's signal that is none is its own mistake and left out. */
export function stopSignalOf(request: ContainerRequest, imageSignal?: string): { stopSignal?: string } {
  const name = request.stopSignal ?? imageSignal;
  return name !== undefined && signalNumber(name) !== undefined ? { stopSignal: name } : {};
}

/**
 * Writes config.json and CRIU's configuration, and makes the log's folder; returns the record with what came of it.
 * `dumped`: destinations of the bind mounts of the checkpoint that is restored.
 */
export async function writeBundle(
  context: NodeContext,
  sandbox: SandboxRecord,
  record: ContainerRecord,
  request: ContainerRequest,
  what: Pick<SpecFacts, 'args' | 'env' | 'cwd' | 'user'>,
  dumped?: readonly string[],
): Promise<ContainerRecord> {
  const folders = containerFolders(context, record.id);
  const { privileged } = request.security;
  const { resources, clamped } = fitResources(request.resources, await resourceHost(context.capabilities));
  for (const text of clamped) context.logger.log('warn', 'resource not set as asked', { containerID: record.id, text });
  await mkdir(dirname(record.logPath), { recursive: true, mode: 0o755 });
  const annotations = { ...context.criuDefaults, ...request.annotations };
  await writeCriuConfig(folders.criuConfig, criuOptionsOf(annotations, context.networkLock));
  const spec = buildSpec({
    ...what,
    env: request.terminal ? withTerminal(what.env) : what.env,
    terminal: request.terminal,
    readonlyRootfs: request.security.readonlyRootfs,
    privileged,
    security: await prepareSecurity(request.security, sandbox, context.capabilities),
    mounts: await mapVolumes(context, sandbox, record.id, await prepareMounts(request.mounts)),
    provided: await podMounts(context, sandbox, {
      id: record.id,
      requested: request.mounts,
      dumped,
      readonlyRootfs: request.security.readonlyRootfs,
    }),
    devices: await prepareDevices(request.devices ?? [], privileged),
    resources,
    cgroupsPath: join(sandbox.cgroupParent, record.id),
    namespaces: sandbox.namespaces,
    userMapping: sandbox.userMapping,
    ...(await pidNamespaceOf(context, sandbox, request.security.pid)),
    annotations: { ...request.annotations, 'org.criu.config': folders.criuConfig },
  });
  const adjusted = await adjustByPlugins(context, sandbox, { ...record, resources }, spec);
  for (const text of adjusted.notes)
    context.logger.log('warn', 'not as plugins want it', { containerID: record.id, text });
  const oci = context.oci.named(sandbox.runtimeHandler);
  const fitting = oci.fit ? await oci.fit(adjusted.spec, folders.rootfs) : adjusted.spec;
  await writeFile(folders.spec, JSON.stringify(fitting, null, 2), { mode: 0o600 });
  const { uid, gid, additionalGids = [] } = what.user;
  const user = { uid, gid, additionalGids: [...additionalGids] };
  const told = [...clamped, ...adjusted.notes];
  return {
    ...{ ...record, resources: adjusted.resources, user },
    ...(adjusted.mounts.length > 0 ? { pluginMounts: adjusted.mounts } : {}),
    ...(told.length > 0 ? { clamped: told } : {}),
  };
}

function checkRequest(context: NodeContext, sandbox: SandboxRecord, request: ContainerRequest): void {
  if (request.name === '') throw runtimeError('ERR_CONTAINER_INVALID', 'a container needs a name');
  const fault = nameFault(request.name);
  if (fault !== undefined) {
    throw runtimeError('ERR_CONTAINER_INVALID', `the name ${harmless(request.name.slice(0, 300))} ${fault}`);
  }
  const taken = context.containers
    .list()
    .find((c) => c.sandboxID === sandbox.id && c.name === request.name && c.attempt === request.attempt);
  if (taken) {
    throw runtimeError(
      'ERR_CONTAINER_EXISTS',
      `the sandbox has a container ${request.name} (attempt ${request.attempt}) already: ${taken.id}`,
    );
  }
  if (isAbsolute(request.logPath) || normalize(request.logPath).split('/').includes('..')) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `the log path ${JSON.stringify(request.logPath)} leaves the sandbox's log directory`,
    );
  }
}
