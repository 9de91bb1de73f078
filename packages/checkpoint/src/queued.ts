/** How much waits in a pipe or in a queue of a socket, or why that is not known. */

/**
 * `not-captured`: CRIU writes nothing of such a queue, as of what a UDP socket has received. `missing`: the image that should
 * tell is not there. `unreadable`: it is there and damaged.
 */
export type Queued =
  | { readonly state: 'present'; readonly bytes: number }
  | { readonly state: 'absent'; readonly reason: 'not-captured' | 'missing' | 'unreadable' };

/** A known number of bytes. */
export function queuedBytes(bytes: number): Queued {
  return { state: 'present', bytes };
}

/** A number that is not known. */
export function notQueued(reason: 'not-captured' | 'missing' | 'unreadable'): Queued {
  return { state: 'absent', reason };
}
