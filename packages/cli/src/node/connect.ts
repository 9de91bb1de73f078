/** A CRI client for the runtime a command was told to use: `--cri`, or the embedded node. */

import { isCode } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { cliError } from '../usage.ts';
import { readEndpoints, socketOf } from './endpoints.ts';

export interface CriPlace {
  cri?: string;
  state: string;
}

/** Throws ERR_NODE_NOT_RUNNING for the embedded node, ERR_CRI_UNAVAILABLE for another runtime. */
export async function connectCri(place: CriPlace, signal: AbortSignal): Promise<CriClient> {
  // The configuration may have put the socket elsewhere.
  const socket = place.cri ?? (await readEndpoints(place.state))?.socket ?? socketOf(place.state);
  try {
    return await openCriClient({ socket, signal });
  } catch (cause) {
    if (place.cri !== undefined || !isCode(cause, 'ERR_CRI_UNAVAILABLE')) throw cause;
    throw cliError('ERR_NODE_NOT_RUNNING', `no node answers on ${socket}`, { cause });
  }
}
