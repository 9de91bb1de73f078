/** Which files say what holds for registries, as podman, skopeo, buildah and CRI-O look for them (containers-registries.conf(5)). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { limits, readAll, StillframeError, systemCode, systemFact } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { cliError } from '../usage.ts';
import { parseRegistriesConf } from './conf.ts';
import { mergeRules, type RegistryRule } from './rules.ts';

export interface ConfPlaces {
  /** The user's home folder. */
  home: string | undefined;
  /** The one file to read; the user's, else the system's by default. Files of the drop-in folders come on top of it. */
  file?: string | undefined;
  /** `/etc/containers`. */
  system?: string;
}

/**
 * The rules of the file and of the drop-in files, those of one folder by name, later ones replacing earlier ones of one
 * prefix. A user's own file takes the place of the system's together with its drop-ins. Throws ERR_REGISTRIES_CONF.
 */
export async function readRegistriesConf({
  home,
  file,
  system = '/etc/containers',
}: ConfPlaces): Promise<RegistryRule[]> {
  const own = home === undefined ? undefined : join(home, '.config', 'containers');
  const ofUser = file === undefined && own !== undefined ? await rulesIn(join(own, 'registries.conf')) : undefined;
  const main = ofUser ?? (await rulesIn(file ?? join(system, 'registries.conf')));
  if (!main && file !== undefined) throw missing(file);
  const folders = [...(ofUser ? [] : [system]), ...(own === undefined ? [] : [own])];
  const lists = [main ?? []];
  for (const folder of folders) lists.push(...(await dropIns(join(folder, 'registries.conf.d'))));
  return mergeRules(...lists);
}

async function dropIns(folder: string): Promise<RegistryRule[][]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw unreadable(folder, cause);
  }
  const found: RegistryRule[][] = [];
  for (const name of names.filter((each) => each.endsWith('.conf')).sort())
    found.push((await rulesIn(join(folder, name), { dropIn: true })) ?? []);
  return found;
}

/** Undefined where the file is not there. */
async function rulesIn(path: string, options: { dropIn?: boolean } = {}): Promise<RegistryRule[] | undefined> {
  let bytes: Uint8Array;
  try {
    await using source = await openFileSource(path);
    bytes = await readAll(source, { limit: limits.json });
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw unreadable(path, cause);
  }
  return parseRegistriesConf(new TextDecoder().decode(bytes), path, options);
}

function isMissing(error: unknown): boolean {
  const code = systemCode(StillframeError.is(error) ? error.cause : error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function missing(path: string) {
  return cliError('ERR_REGISTRIES_CONF', `${path} does not exist`, { details: { path } });
}

function unreadable(path: string, cause: unknown) {
  const message = StillframeError.is(cause) ? cause.message : `${path} ${systemFact(cause)}`;
  return cliError('ERR_REGISTRIES_CONF', message, { cause, details: { path } });
}
