/**
 * What a container with users of its own is made of: image layers and volumes mounted through the pod's user namespace. All
 * of these mounts only serve to make others of, which keep the mapping; they are taken down once those are there.
 */
import { chmod, lstat, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { namesIn } from '../folder-names.ts';
import { run } from '../process/run.ts';
import type { MountRequest, SandboxRecord } from '../store/records.ts';
import { mountMapped } from './idmap.ts';
import { sameMapping, userMapping } from './mapping.ts';

type Pod = Pick<SandboxRecord, 'namespaces' | 'userMapping'>;

/** The bundle's own; no mount below it lasts. */
const mappedFolder = (bundle: string) => join(bundle, 'mapped');

/** Lets `work` mount the layers from a folder in which the pod's users own them; the store's own where it has none. */
export async function withMappedLayers<T>(
  context: NodeContext,
  { namespaces: { user } }: Pod,
  id: string,
  layers: readonly string[],
  work: (layersFolder: string) => Promise<T>,
): Promise<T> {
  const { layersFolder } = context.images;
  if (user === undefined) return await work(layersFolder);
  const { bundle } = containerFolders(context, id);
  const folder = mappedFolder(bundle);
  try {
    const names = [...new Set(layers)];
    for (const name of names) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    await mountMapped(
      user,
      names.map((name) => ({ source: join(layersFolder, name), target: join(folder, name) })),
      { readonly: true },
    );
    return await work(folder);
  } finally {
    await unmountMapped(bundle);
  }
}

/**
 * The mounts, those with a mapping from where they are mounted through the pod's user namespace: for config.json, until
 * `unmountMapped`. Throws ERR_CONTAINER_INVALID for a mapping that is not the pod's.
 */
export async function mapVolumes(
  context: NodeContext,
  { namespaces: { user }, userMapping: own }: Pod,
  id: string,
  mounts: readonly MountRequest[],
): Promise<MountRequest[]> {
  const folder = mappedFolder(containerFolders(context, id).bundle);
  const mapped: MountRequest[] = [];
  for (const [index, mount] of mounts.entries()) {
    // An image volume is made of mapped layers already.
    if (!mount.mapping || mount.image) {
      mapped.push(mount);
      continue;
    }
    const { uids, gids } = mount.mapping;
    if (!user || !own || !sameMapping(userMapping(uids, gids), own)) {
      throw runtimeError(
        'ERR_CONTAINER_INVALID',
        `the mapping of the mount at ${mount.containerPath} is not the pod's`,
      );
    }
    const target = join(folder, `volume-${index}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await lstat(mount.hostPath)).isDirectory()) await mkdir(target, { mode: 0o700 });
    else await writeFile(target, '');
    await mountMapped(user, [{ source: mount.hostPath, target }], { readonly: false });
    mapped.push({ ...mount, hostPath: target });
  }
  return mapped;
}

/**
 * Takes down what the two above have mounted for the bundle, also by an earlier daemon. Throws ERR_PROCESS_FAILED rather
 * than leave a volume mounted in a folder that is about to be removed with all that is in it.
 */
export async function unmountMapped(bundle: string): Promise<void> {
  const folder = mappedFolder(bundle);
  for (const name of await namesIn(folder)) await detach(join(folder, name));
}

/** Until nothing is mounted there: an interrupted start may have mounted more than once. */
async function detach(path: string): Promise<void> {
  let said = '';
  for (let round = 0; round < 8; round += 1) {
    const lazily = round === 0 ? [] : ['--lazy'];
    const { code, stderr } = await run(['umount', ...lazily, path], { timeout: 30_000 });
    if (code !== 0 && /not mounted/.test(stderr)) return;
    said = stderr.trim();
  }
  throw runtimeError('ERR_PROCESS_FAILED', `${path} cannot be unmounted: ${said}`);
}

/** Lets the pod's users pass to the root filesystem; what else is in the node's folders stays closed to them. */
export async function openWay(context: NodeContext, { userMapping: own }: Pod, id: string): Promise<void> {
  if (!own) return;
  const { bundle } = containerFolders(context, id);
  for (const folder of [dirname(context.folders.bundles), context.folders.bundles, bundle]) await chmod(folder, 0o711);
}
