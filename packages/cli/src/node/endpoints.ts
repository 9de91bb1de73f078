/** Where a running node is reached; the node writes it, the other commands read it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTextAtomically } from '@stillframe/core/file';
import type { NodePaths } from '@stillframe/runtime/place';

export interface NodeEndpoints {
  pid: number;
  /** CRI socket. */
  socket: string;
  /** Name of the runtime where it is not the node's own: then only the API is the node's. */
  foreign?: string;
  /** Where NRI plugins connect, where the node takes any. */
  nri?: string;
  /** `https://127.0.0.1:10250` */
  kubelet: string;
  /** `http://127.0.0.1:9100` where metrics have a plain port. */
  metrics?: string;
  checkpoints: string;
  clientCertificate: string;
  clientKey: string;
  ca: string;
  /** The private key that signs evidence; its public half is the file beside it that ends in `.pub`. */
  signingKey?: string;
}

function pathOf(state: string): string {
  return join(state, 'endpoints.json');
}

export function writeEndpoints(paths: NodePaths, endpoints: NodeEndpoints): Promise<void> {
  return writeTextAtomically(pathOf(paths.state), `${JSON.stringify(endpoints, null, 2)}\n`);
}

/** Undefined where no node ever ran with these folders, or what it wrote is damaged; it may have ended since. */
export async function readEndpoints(state: string): Promise<NodeEndpoints | undefined> {
  const text = await readFile(pathOf(state), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as NodeEndpoints;
  } catch {
    return undefined;
  }
}

/** Where the node's own CRI socket is. */
export function socketOf(state: string): string {
  return join(state, 'cri.sock');
}
