/** Who asks for a capture, as a client of ours says beside the request. It goes into the evidence as what it is: a claim. */
import type { CheckpointOptions } from '@stillframe/runtime';
import { ASKED_BY_METADATA } from '../client/extensions.ts';
import { invalidRequest } from './invalid.ts';

/** Characters of each text. */
const LONGEST = 1024;

/** Undefined where nothing is said. Throws for what is not understood. */
export function askedByOf(metadata: ReadonlyMap<string, string>): CheckpointOptions['askedBy'] {
  const text = metadata.get(ASKED_BY_METADATA);
  if (text === undefined) return undefined;
  const { user, host, time } = parsed(text);
  if (!isText(user) || !isText(host) || !isText(time)) throw notUnderstood();
  return [{ user, host, time, authenticated: false }];
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(decodeURIComponent(text));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw notUnderstood();
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= LONGEST;
const notUnderstood = () => invalidRequest(`metadata ${ASKED_BY_METADATA} names no user, host and time`);
