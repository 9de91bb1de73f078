/** Where a node keeps things. One place, so that a sweep knows everything that may lie about. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface NodePaths {
  /** Durable: images, container filesystems, records, checkpoints. `/var/lib/stillframe` by default. */
  readonly root: string;
  /** Gone after a reboot: sockets, namespaces, OCI runtime state, bundles. `/run/stillframe` by default. */
  readonly state: string;
}

export const defaultPaths: NodePaths = { root: '/var/lib/stillframe', state: '/run/stillframe' };

/** Every folder of a node, by what it holds. */
export function foldersOf({ root, state }: NodePaths) {
  return {
    sandboxRecords: join(root, 'records', 'sandboxes'),
    containerRecords: join(root, 'records', 'containers'),
    operations: join(root, 'records', 'operations'),
    containers: join(root, 'containers'),
    images: join(root, 'images'),
    checkpoints: join(root, 'checkpoints'),
    networks: join(root, 'networks'),
    logs: join(root, 'logs'),
    pki: join(root, 'pki'),
    bundles: join(state, 'bundles'),
    namespaces: join(state, 'namespaces'),
    sandboxes: join(state, 'sandboxes'),
    exits: join(state, 'exits'),
    attach: join(state, 'attach'),
    ociRuntime: join(state, 'oci-runtime'),
    /** Of further runtimes: a folder each, and what starts them. */
    ociRuntimes: join(state, 'oci-runtimes'),
  };
}

export type NodeFolders = ReturnType<typeof foldersOf>;

/** Makes every folder, mode 0700: all of them hold memory, secrets or what leads to them. */
export async function makeFolders(paths: NodePaths): Promise<NodeFolders> {
  const folders = foldersOf(paths);
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return folders;
}
