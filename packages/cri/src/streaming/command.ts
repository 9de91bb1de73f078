/** Exec and attach: a session of the runtime joined to the streams of a client, whatever carries them. */
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '@stillframe/core';
import type { StreamSession, TerminalSize } from '@stillframe/runtime';
import type { CommandEnd } from './status.ts';

/** What a client may ask for. */
export interface CommandRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly terminal: boolean;
  /** Begins the conversation. */
  open(): Promise<StreamSession>;
}

/** The client's side; a stream it did not ask for is undefined. */
export interface ClientStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Calls `listener` for every size, also for one that came before. */
  onResize(listener: (size: TerminalSize) => void): void;
  /** Tells how it ended and closes. */
  finish(end: CommandEnd): Promise<void>;
  /** Settles when the client is gone. */
  readonly gone: Promise<void>;
}

/** Runs until the command has ended and its client knows, or the client is gone; then what still runs is killed. */
export async function joinCommand(request: CommandRequest, client: ClientStreams): Promise<void> {
  let session: StreamSession;
  try {
    session = await request.open();
  } catch (error) {
    await client.finish({ error: messageOf(error) });
    return;
  }
  try {
    client.onResize((size) => void session.resize(size).catch(() => undefined));
    carryInput(client.stdin, session.stdin);
    const outputs = Promise.all([
      carryOutput(session.stdout, client.stdout),
      carryOutput(session.stderr, client.stderr),
    ]);
    const ended = session.ended.then(
      async (exitCode): Promise<CommandEnd> => {
        await outputs;
        return { exitCode };
      },
      (error): CommandEnd => ({ error: messageOf(error) }),
    );
    const end = await Promise.race([ended, client.gone.then(() => undefined)]);
    if (end) await client.finish(end);
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

function carryInput(from: Readable | undefined, to: Writable | undefined): void {
  if (!from) return;
  if (!to) {
    from.resume();
    return;
  }
  // A process that closes its input must not stop the client, which goes on with the other streams.
  to.once('close', () => from.resume());
  from.pipe(to);
}

async function carryOutput(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!from) {
    to?.end();
  } else if (!to) {
    from.resume();
  } else {
    // A client that is gone ends the conversation elsewhere.
    await pipeline(from, to).catch(() => undefined);
  }
}
