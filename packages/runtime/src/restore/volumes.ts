/**
 * Named volumes that podman puts into an archive (`volumes/<name>.tar`). What they hold belongs on the mount that the
 * request declares for them, and goes there only when that is asked for: the folder may be somebody else's.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { extractTar } from '../rootfs/apply-diff.ts';
import type { MountRequest } from '../store/records.ts';
import { writeSource } from './extract.ts';

/** Annotation of the request: `apply` or `ignore`. */
export const VOLUMES_ANNOTATION = 'io.stillframe.restore/volumes';

/** A volume of the archive and the folder on this node that it goes to. */
interface Placed {
  name: string;
  entry: string;
  folder: string;
}

/**
 * Decides what happens with the volumes; the result does it, in a work folder of the caller's. Throws
 * ERR_RESTORE_REFUSED where the archive has volumes and the request does not say, or where one has no empty folder to go
 * to; ERR_CONTAINER_INVALID for another word.
 */
export async function planVolumes(
  checkpoint: Checkpoint,
  mounts: readonly MountRequest[],
  annotations: Readonly<Record<string, string>>,
): Promise<(work: string) => Promise<void>> {
  const asked = annotations[VOLUMES_ANNOTATION];
  if (asked !== undefined && asked !== 'apply' && asked !== 'ignore') {
    throw runtimeError('ERR_CONTAINER_INVALID', `annotation ${VOLUMES_ANNOTATION} is ${JSON.stringify(asked)}`, {
      hint: 'it takes "apply" or "ignore"',
    });
  }
  const volumes = [...checkpoint.archive.entries.values()].flatMap(({ name, kind }) => {
    const [, volume] = /^volumes\/([^/]+)\.tar$/.exec(name) ?? [];
    return kind === 'file' && volume !== undefined ? [{ entry: name, name: volume }] : [];
  });
  if (volumes.length === 0 || asked === 'ignore') return async () => undefined;
  if (asked === undefined) {
    const names = volumes.map(({ name }) => harmless(name)).join(', ');
    throw refused(
      `the checkpoint brings the content of volumes (${names}) and the request does not say what becomes of it`,
    );
  }
  const placed = await Promise.all(volumes.map((volume) => place(checkpoint, volume, mounts)));
  return async (work) => {
    for (const [index, { entry, folder }] of placed.entries()) {
      const tar = join(work, `volume-${index}.tar`);
      await writeSource(checkpoint.archive.open(entry), tar);
      await extractTar(tar, folder);
    }
  };
}

async function place(
  checkpoint: Checkpoint,
  volume: Omit<Placed, 'folder'>,
  mounts: readonly MountRequest[],
): Promise<Placed> {
  const source = checkpoint.metadata.mounts.find((mount) => mount.source?.endsWith(`/volumes/${volume.name}/_data`));
  const mount = mounts.find(({ containerPath }) => containerPath === source?.destination);
  if (!mount) throw refused(`no mount of the request is at the place of volume ${harmless(volume.name)}`);
  const content = await readdir(mount.hostPath).catch(() => undefined);
  if (content === undefined || content.length > 0) {
    throw refused(`the folder ${mount.hostPath} for volume ${harmless(volume.name)} is not there or not empty`);
  }
  return { ...volume, folder: mount.hostPath };
}

function refused(message: string) {
  return runtimeError('ERR_RESTORE_REFUSED', message, {
    hint: `\`--annotation ${VOLUMES_ANNOTATION}=apply\` (into empty folders mounted at their places), or "ignore"`,
  });
}
