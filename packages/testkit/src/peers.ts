/** Programs of others that tests run or compare with: where they are. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Peers that an environment variable may name, for a copy that is neither the set-up's nor in PATH. */
const VARIABLES = {
  checkpointctl: 'STILLFRAME_CHECKPOINTCTL',
  containerd: 'STILLFRAME_CONTAINERD',
  crit: 'STILLFRAME_CRIT',
  crun: 'STILLFRAME_CRUN',
} as const;

/** A tool that reads checkpoints, or writes and restores them, as we do. */
export type Peer = keyof typeof VARIABLES;

/** Path of a peer: what its variable names, else the set-up's private copy (setup/peers.mjs), else the one in PATH. Undefined where none is executable. */
export function findPeer(peer: Peer): string | undefined {
  const named = process.env[VARIABLES[peer]];
  if (named) return isExecutable(named) ? named : undefined;
  const home = process.env['STILLFRAME_PEERS_HOME'] || '/opt/stillframe/peers';
  const copy = join(home, peer, 'bin', peer);
  return isExecutable(copy) ? copy : findProgram(peer);
}

/** A schema that its publisher offers and no npm package carries; it stays out of the repository. */
export type Schema = 'stix-schemas' | 'ocsf-schema';

/** Folder that somebody laid a schema into (docs/export.md says how); undefined where nobody did. */
export function findSchema(schema: Schema): string | undefined {
  const home = process.env['STILLFRAME_PEERS_HOME'] || '/opt/stillframe/peers';
  const folder = join(home, schema);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : undefined;
}

/** Path of the CRIU that the runtime would use; the order is that of locateCriu in @stillframe/runtime. */
export function findCriu(): string | undefined {
  const home = process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu';
  const copies = [process.env['STILLFRAME_CRIU'] ?? '', join(home, 'bin/criu')];
  return copies.find(isExecutable) ?? findProgram('criu');
}

/** Path of the first executable file `name` in PATH and in the folders of system programs that a plain user's PATH lacks. */
export function findProgram(name: string): string | undefined {
  const system = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...system];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether `path` is a file that this process may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
