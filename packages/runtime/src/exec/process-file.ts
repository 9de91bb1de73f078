/** The process specification of an exec (runtime-spec config.md, `process`), made from the container's own. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import { containerOf } from '../container/lifecycle.ts';
import { statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ExecFiles } from '../oci-runtime/oci-runtime.ts';

/** A folder of one exec inside the bundle, so that it is removed with the container at the latest. */
export interface ExecFolder extends ExecFiles, AsyncDisposable {}

/** Name of the folder in a bundle that holds those of execs. */
export const EXECS = 'execs';

/**
 * Prepares an exec in a running container: same user, environment, folder and capabilities as its first process.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE, ERR_CONTAINER_INVALID for an empty command.
 */
export async function openExecFolder(
  context: NodeContext,
  idOrPrefix: string,
  command: readonly string[],
  terminal: boolean,
): Promise<ExecFolder> {
  const record = containerOf(context, idOrPrefix);
  if (command.length === 0 || command[0] === '') {
    throw runtimeError('ERR_CONTAINER_INVALID', 'there is no command to run');
  }
  const { state } = await statusOf(context, record);
  if (state !== 'running') throw runtimeError('ERR_CONTAINER_STATE', `container ${record.id} is ${state}, not running`);
  const folders = containerFolders(context, record.id);
  const spec = JSON.parse(await readFile(folders.spec, 'utf8')) as { process?: Record<string, unknown> };
  const folder = join(folders.bundle, EXECS, randomBytes(8).toString('hex'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const processFile = join(folder, 'process.json');
  const template = spec.process ?? {};
  const env = Array.isArray(template['env']) ? template['env'] : [];
  const withTerm = terminal && !env.some((text) => String(text).startsWith('TERM=')) ? [...env, 'TERM=xterm'] : env;
  const process = { ...spec.process, terminal, args: command, env: withTerm };
  await writeFile(processFile, JSON.stringify(process), { mode: 0o600 });
  return {
    containerID: record.id,
    folder,
    processFile,
    pidFile: join(folder, 'pid'),
    terminal,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
