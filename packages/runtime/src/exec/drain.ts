/** Output of a child whose descendants may hold its pipes for ever: it ends soon after the child itself has. */
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';

/** Milliseconds between two looks whether anything more came. */
const LOOK = 50;

export interface DrainedOutput {
  /** Ends with the pipe, or once the child is gone and nothing more comes. */
  readonly stream: Readable;
  /** To be called when the child has ended; resolves when everything it wrote is in `stream`. */
  childEnded(): Promise<void>;
}

/** Follows `source`, which is closed in the end. */
export function drainedOutput(source: Socket): DrainedOutput {
  const stream = new PassThrough();
  const closed = new Promise<void>((resolve) => source.once('close', () => resolve()));
  const finish = () => {
    source.unpipe(stream);
    stream.end();
    source.destroy();
  };
  source.once('close', finish);
  stream.once('close', finish);
  source.pipe(stream);
  return {
    stream,
    async childEnded() {
      const idle = async () => {
        let seen = -1;
        // A reader that is slow holds the rest back, and must have it all the same.
        while (
          !source.destroyed &&
          (seen !== source.bytesRead || source.readableLength > 0 || stream.writableNeedDrain)
        ) {
          seen = source.bytesRead;
          await new Promise((resolve) => setTimeout(resolve, LOOK));
        }
      };
      await Promise.race([closed, idle()]);
      finish();
    },
  };
}
