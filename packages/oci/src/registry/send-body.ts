/** The body of a request, in the time that the other side takes it. */
import type { ClientRequest } from 'node:http';

/** Ends the request after it; early where it is answered before. Throws what `content` throws. */
export async function sendBody(
  outgoing: ClientRequest,
  content: AsyncIterable<Uint8Array>,
  answered: () => boolean,
): Promise<void> {
  const chunks = content[Symbol.asyncIterator]();
  let next = chunks.next();
  try {
    for (let step = await next; !step.done; step = await next) {
      if (answered() || outgoing.destroyed) return;
      const full = !outgoing.write(step.value);
      // What is read and hashed for the next chunk is so while this one is on its way.
      next = chunks.next();
      // Its failure is told by the next turn, if there is one.
      next.catch(() => undefined);
      if (full) await room(outgoing);
    }
    if (!answered()) outgoing.end();
  } finally {
    await next.catch(() => undefined);
    await chunks.return?.();
  }
}

/** Waits until more can be written, or until nothing has to be written any more. */
function room(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error', 'response']) outgoing.off(event, done);
      resolve();
    };
    if (outgoing.destroyed) return resolve();
    for (const event of ['drain', 'close', 'error', 'response']) outgoing.on(event, done);
  });
}
