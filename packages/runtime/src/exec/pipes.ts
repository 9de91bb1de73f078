/**
 * Real, nameless pipes for a child's standard streams. Those that Node.js makes are socket pairs, and a program in a
 * container that opens /dev/stderr anew (`echo x > /dev/stderr`) fails on one; a named pipe of the host keeps CRIU from
 * dumping a process that an exec has left behind with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { runtimeError } from '../errors.ts';

/** One pipe: `near` is this process's end; `far` is the child's, a descriptor to be closed here by `closeFar`. */
export interface Pipe {
  readonly near: Socket;
  readonly far: number;
  /** To be called once the child is spawned, or will not be. */
  closeFar(): void;
}

/** `in`: the child reads; `out`: the child writes. */
export type PipeDirection = 'in' | 'out';

/** A shell gives each here-document a pipe, where proc(5) lets it be opened; nothing in Node.js makes one. */
const SHELL = 'exec 3<<A 4<<A 5<<A\nA\nA\nA\necho; read -r _';
const FIRST = 3;

/** Opens a pipe for each of `directions`, three at most. Throws ERR_PROCESS_FAILED where the shell makes none. */
export async function openPipes(directions: readonly PipeDirection[]): Promise<Pipe[]> {
  const shell = spawn('sh', ['-c', SHELL], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  shell.stdin.on('error', () => undefined);
  const pipes: Pipe[] = [];
  try {
    await ready(shell);
    for (const [index, direction] of directions.entries()) {
      pipes.push(openPipe(`/proc/${shell.pid}/fd/${FIRST + index}`, direction));
    }
    return pipes;
  } catch (error) {
    for (const { near, closeFar } of pipes) {
      near.destroy();
      closeFar();
    }
    throw error;
  } finally {
    shell.kill('SIGKILL');
  }
}

async function ready(shell: ChildProcess): Promise<void> {
  const ended = once(shell, 'close').then(() => {
    throw runtimeError('ERR_PROCESS_FAILED', 'sh made no pipes');
  });
  // Also when it is killed at the end, which is as it should be.
  ended.catch(() => undefined);
  await Promise.race([shell.stdout ? once(shell.stdout, 'data') : ended, ended]);
}

function openPipe(path: string, direction: PipeDirection): Pipe {
  // While both ends are held once, neither of the opens below waits for the other side (fifo(7)).
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let far: number | undefined;
  try {
    if (!fstatSync(both).isFIFO()) {
      throw runtimeError('ERR_PROCESS_FAILED', 'sh keeps here-documents in files', {
        hint: 'use dash, or bash 5.1 or later, as sh',
      });
    }
    const [reading, writing] = [constants.O_RDONLY, constants.O_WRONLY];
    const opened = openSync(path, direction === 'in' ? reading : writing);
    far = opened;
    const fd = openSync(path, (direction === 'in' ? writing : reading) | constants.O_NONBLOCK);
    const near = new Socket({ fd, readable: direction === 'out', writable: direction === 'in' });
    // A child that ends before it has read everything breaks the pipe; its exit code tells the story.
    near.on('error', () => undefined);
    let open = true;
    const closeFar = () => {
      if (open) closeSync(opened);
      open = false;
    };
    return { near, far: opened, closeFar };
  } catch (error) {
    if (far !== undefined) closeSync(far);
    throw error;
  } finally {
    closeSync(both);
  }
}
