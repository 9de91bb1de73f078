/** All JSON documents of an archive, read once; what is absent or unreadable is undefined, the latter with a diagnostic. */
import { type Diagnostics, isObject, messageOf, type ReadOptions, StillframeError } from '@stillframe/core';
import type { Archive } from '../archive/open.ts';
import { type BindMount, decodeBindMounts } from './bind-mounts.ts';
import { type ConfigDump, decodeConfigDump } from './config-dump.ts';
import { decodeDeletedFiles } from './deleted-files.ts';
import { type DockerConfig, decodeDockerConfig } from './docker-config.ts';
import { JsonFields, readJson } from './json-fields.ts';
import { decodeNetworkStatus, type NetworkInterface } from './network-status.ts';
import { decodeSpecDump, type SpecDump } from './spec-dump.ts';
import { decodeStatusDump, type StatusDump } from './status-dump.ts';

/** What an archive says about its container. All of it is untrusted. */
export interface Documents {
  readonly config: ConfigDump | undefined;
  readonly spec: SpecDump | undefined;
  /** containerd only. */
  readonly status: StatusDump | undefined;
  /** CRI-O and Stillframe only. */
  readonly bindMounts: readonly BindMount[];
  /** Not containerd, whose diff has whiteouts. */
  readonly deletedFiles: readonly string[];
  /** Podman only. */
  readonly network: readonly NetworkInterface[];
  /** Docker only. */
  readonly docker: DockerConfig | undefined;
}

/** Reads the documents of `archive`. Damage goes to `diagnostics`; only an abort and errors of the source itself throw. */
export async function readDocuments(
  archive: Pick<Archive, 'entries' | 'open'>,
  diagnostics: Diagnostics,
  options: ReadOptions = {},
): Promise<Documents> {
  const read = (name: string) => readDocument(archive, name, diagnostics, options);
  const fields = async <T>(name: string, decode: (fields: JsonFields) => T): Promise<T | undefined> => {
    const value = await read(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return decode(new JsonFields(value, name, diagnostics));
    const message = `${name} is no JSON object`;
    diagnostics.add({ id: 'metadata-unreadable', severity: 'error', source: name, message });
    return undefined;
  };
  return {
    config: await fields('config.dump', decodeConfigDump),
    spec: await fields('spec.dump', decodeSpecDump),
    status: await fields('status.dump', decodeStatusDump),
    bindMounts: decodeBindMounts(await read('bind.mounts'), diagnostics),
    deletedFiles: decodeDeletedFiles(await read('deleted.files'), diagnostics),
    network: decodeNetworkStatus(await read('network.status'), diagnostics),
    docker: await fields('config.v2.json', decodeDockerConfig),
  };
}

async function readDocument(
  archive: Pick<Archive, 'entries' | 'open'>,
  name: string,
  diagnostics: Diagnostics,
  options: ReadOptions,
): Promise<unknown> {
  if (!archive.entries.has(name)) return undefined;
  try {
    return await readJson(archive.open(name), name, options);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    diagnostics.add({ id: 'metadata-unreadable', severity: 'error', source: name, message: messageOf(error) });
    return undefined;
  }
}
