/** Start, stop and remove a container (CRI StartContainer, StopContainer, RemoveContainer). */
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { Event } from '@stillframe/nri';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { forgetStopped, tellStopped } from '../plugins/stopped.ts';
import { informPlugins, tellPlugins } from '../plugins/tell.ts';
import { startRestored } from '../restore/start.ts';
import { removeCgroupTree } from '../sandbox/cgroups.ts';
import type { ContainerRecord } from '../store/records.ts';
import { removeRemains } from './remains.ts';
import { noteStart, recordStart } from './starting.ts';
import { statusOf } from './status.ts';
import { endContainer, forgetDeadline, noteDeadline } from './stopping.ts';

/** Throws ERR_CONTAINER_NOT_FOUND. */
export function containerOf(context: NodeContext, idOrPrefix: string): ContainerRecord {
  const record = context.containers.find(idOrPrefix);
  if (!record) throw runtimeError('ERR_CONTAINER_NOT_FOUND', `there is no container ${JSON.stringify(idOrPrefix)}`);
  return record;
}

/**
 * Starts a created container, or restores one that was created from a checkpoint: that is where CRIU works. Throws
 * ERR_CONTAINER_STATE unless it is created, ERR_CONTAINER_START, ERR_RESTORE_FAILED, ERR_NRI_REFUSED; it then counts as
 * exited.
 */
export async function startContainer(context: NodeContext, idOrPrefix: string): Promise<ContainerRecord> {
  const { id } = containerOf(context, idOrPrefix);
  return context.locks.run(id, async () => {
    const record = containerOf(context, id);
    const { state } = await statusOf(context, record);
    if (state !== 'created') throw runtimeError('ERR_CONTAINER_STATE', `container ${id} is ${state}, not created`);
    try {
      await tellPlugins(context, Event.START_CONTAINER, record);
      const started = record.restore ? await startRestored(context, record) : await startCreated(context, record);
      await informPlugins(context, Event.POST_START_CONTAINER, started);
      return started;
    } catch (error) {
      await context.oci.delete(id);
      await context.containers.put({ ...record, startError: messageOf(error) });
      throw error;
    }
  });
}

async function startCreated(context: NodeContext, record: ContainerRecord): Promise<ContainerRecord> {
  const noted = await noteStart(context, record);
  context.onStep('start-noted');
  try {
    await context.oci.start(record.id);
  } catch (cause) {
    throw runtimeError('ERR_CONTAINER_START', `container ${record.name} could not be started: ${messageOf(cause)}`, {
      cause,
    });
  }
  context.onStep('start-process');
  const started = await recordStart(context, noted);
  context.onStep('start-recorded');
  return started;
}

/**
 * Sends the stop signal of the image or the request, and kills all when `timeout` seconds are over. Idempotent; an
 * unknown id is no error (CRI).
 */
export async function stopContainer(context: NodeContext, idOrPrefix: string, timeout: number): Promise<void> {
  const found = context.containers.find(idOrPrefix);
  if (!found) return;
  noteDeadline(context, found.id, timeout);
  await context.locks.run(found.id, async () => {
    const record = context.containers.get(found.id);
    if (!record) return;
    const { state } = await statusOf(context, record);
    if (state === 'running') {
      await endContainer(context, record);
    } else if (state === 'created' && !record.restore) {
      await context.containers.put({ ...record, startError: 'stopped before it was started' });
    }
    await context.oci.delete(record.id);
    forgetDeadline(context, record.id);
  });
  await tellStopped(context, found.id);
}

/** Stops and removes everything of the container but its log. Idempotent; an unknown id is no error (CRI). */
export async function removeContainer(context: NodeContext, idOrPrefix: string): Promise<void> {
  const found = context.containers.find(idOrPrefix);
  if (!found) return;
  await stopContainer(context, found.id, 0);
  await context.locks.run(found.id, async () => {
    const parent = context.sandboxes.get(found.sandboxID)?.cgroupParent;
    if (parent !== undefined) await removeCgroupTree(join(parent, found.id));
    // A plugin that joins knows it, or is told that it is gone.
    using _joining = await context.plugins.enter();
    const record = context.containers.get(found.id);
    if (record) await informPlugins(context, Event.REMOVE_CONTAINER, record);
    await removeRemains(context, found.id);
    await context.containers.delete(found.id);
    forgetStopped(context, found.id);
  });
}
