/** What the CRI demands of the streams of Exec and Attach. */

import type { EmbeddedNode } from '@stillframe/runtime';
import { serverError } from '../errors.ts';
import { invalidRequest } from './invalid.ts';

interface Streams {
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** Throws ERR_CRI_REQUEST_INVALID for a terminal with an error output of its own, and for no stream at all. */
export function checkStreams({ tty, stdin, stdout, stderr }: Streams): void {
  if (tty && stderr) throw invalidRequest('tty and stderr cannot both be true: a terminal has one output');
  if (!stdin && !stdout && !stderr) throw invalidRequest('one of stdin, stdout and stderr must be true');
}

/** The record of a running container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CRI_NOT_RUNNING. */
export async function demandRunning(node: EmbeddedNode, idOrPrefix: string) {
  const { record, state } = await node.status(idOrPrefix);
  if (state !== 'running') {
    throw serverError('ERR_CRI_NOT_RUNNING', `container ${record.id} is ${state}, not running`);
  }
  return record;
}
