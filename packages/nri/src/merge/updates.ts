/** Merging what plugins want of containers that are there already. */
import { clone, create } from '@bufbuild/protobuf';
import { isCode } from '@stillframe/core';
import { nriError } from '../errors.ts';
import {
  type ContainerUpdate,
  ContainerUpdateSchema,
  LinuxContainerUpdateSchema,
  type LinuxResources,
  LinuxResourcesSchema,
} from '../proto.ts';
import type { Owners } from './owners.ts';
import { mergeResources } from './resources.ts';

/** Collects the updates of all plugins, one for each container. */
export class UpdateMerge {
  readonly #owners: Owners;
  readonly #updates = new Map<string, ContainerUpdate>();
  /** A container that is just being created: what it gets is an adjustment. */
  readonly #creating: string | undefined;

  constructor(owners: Owners, creating?: string) {
    this.#owners = owners;
    this.#creating = creating;
  }

  /** Throws ERR_NRI_CONFLICT unless the update says that its failure is to be ignored, and ERR_NRI_ADJUSTMENT. */
  add(plugin: string, updates: readonly ContainerUpdate[]): void {
    for (const update of updates) {
      if (update.containerId === this.#creating) {
        throw nriError('ERR_NRI_ADJUSTMENT', `NRI plugin ${plugin} wants to update the container that is just created`);
      }
      this.#addOne(plugin, update);
    }
  }

  list(): ContainerUpdate[] {
    return [...this.#updates.values()];
  }

  #addOne(plugin: string, update: ContainerUpdate): void {
    const { containerId, linux, ignoreFailure } = update;
    const before = this.#updates.get(containerId);
    // A copy: a conflict that is ignored must leave nothing half done.
    const resources = before?.linux?.resources
      ? clone(LinuxResourcesSchema, before.linux.resources)
      : create(LinuxResourcesSchema);
    try {
      if (linux?.resources)
        mergeResources(this.#owners, { containerID: containerId, plugin }, linux.resources, [resources]);
    } catch (error) {
      if (ignoreFailure && isCode(error, 'ERR_NRI_CONFLICT')) return;
      throw error;
    }
    this.#updates.set(containerId, updateOf(containerId, resources, ignoreFailure && (before?.ignoreFailure ?? true)));
  }
}

/** One update of a container's limits. */
function updateOf(containerId: string, resources: LinuxResources, ignoreFailure: boolean): ContainerUpdate {
  const linux = create(LinuxContainerUpdateSchema, { resources });
  return create(ContainerUpdateSchema, { containerId, linux, ignoreFailure });
}
