/** The OCI runtimes that a node's configuration and host give it. */
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { runtimeError } from './errors.ts';
import { findProgram } from './host/find-program.ts';
import type { NodeOptions, RuntimeEntry } from './node.ts';
import { openCrun } from './oci-runtime/crun.ts';
import { openRunc, type RuncOptions } from './oci-runtime/runc.ts';
import { joinRuntimes, type OciRuntimes, type RuntimeHandler } from './oci-runtime/runtimes.ts';
import type { NodeFolders } from './paths.ts';

/** Throws ERR_PROCESS_MISSING where conmon or runc is not there, ERR_PROCESS_FAILED where runc does not work. */
export async function openRuntimes(
  { env, runtimes = found(env) }: Pick<NodeOptions, 'env' | 'runtimes'>,
  folders: NodeFolders,
  criuFolder: string | undefined,
): Promise<OciRuntimes> {
  const shared = {
    conmon: demandProgram('conmon', env),
    exitsFolder: folders.exits,
    attachFolder: folders.attach,
    criuFolder,
    env,
  };
  const binary = runtimes.find(({ name }) => name === 'runc')?.path ?? demandProgram('runc', env);
  const first = await openRunc({ ...shared, binary, root: folders.ociRuntime });
  const others = runtimes.filter(({ name }) => name !== 'runc');
  return joinRuntimes(first, await Promise.all(others.map((entry) => open(entry, folders, shared))));
}

async function open(
  { name, path, type }: RuntimeEntry,
  folders: NodeFolders,
  shared: Omit<RuncOptions, 'binary' | 'root'>,
): Promise<RuntimeHandler> {
  const folder = join(folders.ociRuntimes, name);
  const options = { ...shared, binary: path, root: join(folder, 'containers') };
  if (type === 'crun') return openCrun(name, folder, options);
  return openRunc(options).then(
    (oci) => ({ name, oci }),
    (error) => ({ name, reason: messageOf(error) }),
  );
}

function found(env: NodeOptions['env']): RuntimeEntry[] {
  const path = findProgram('crun', env);
  return path === undefined ? [] : [{ name: 'crun', path, type: 'crun' }];
}

/** conmon wants absolute paths. */
function demandProgram(name: string, env: NodeOptions['env']): string {
  const path = findProgram(name, env);
  if (path === undefined) throw runtimeError('ERR_PROCESS_MISSING', `${name} is not installed`);
  return path;
}
