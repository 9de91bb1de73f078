/** Attach: live streams of a container's first process, by way of its monitor's socket. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { containerFolders } from '../container/folders.ts';
import { containerOf } from '../container/lifecycle.ts';
import { statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { PacketDump } from './packet-dump.ts';
import type { StreamSession, TerminalSize } from './session.ts';

/** Bytes that conmon reads of its socket at once; a longer packet would lose its end. Its own are a quarter of that. */
const PACKET = 32 << 10;
/** First byte of a packet from conmon. */
const STDERR = 3;

/**
 * Attaches to a running container. Outputs begin with what is written from now on and end with the container. Disposing
 * leaves; where the container was made with stdinOnce, that ends its input.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE.
 */
export async function openAttach(context: NodeContext, idOrPrefix: string): Promise<StreamSession> {
  const record = containerOf(context, idOrPrefix);
  const { state } = await statusOf(context, record);
  if (state !== 'running') throw runtimeError('ERR_CONTAINER_STATE', `container ${record.id} is ${state}, not running`);
  const { bundle } = containerFolders(context, record.id);
  // Relative to the bundle: the whole path may be longer than a socket's can be.
  const argv = ['-x', '-b', String(PACKET), '-t', '31536000', '-', 'UNIX-CONNECT:attach,type=5'];
  const child = spawn('socat', argv, { cwd: bundle, stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  const stdin = child.stdin as Writable;
  stdin.on('error', () => undefined);
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const separated = separate(child.stderr as Readable, outputs);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(runtimeError('ERR_PROCESS_MISSING', 'socat is not installed', { cause })));
    child.once('exit', () => separated.then(() => resolve(0), reject));
  });
  ended.catch(() => undefined);
  return {
    stdin,
    stdout: outputs.stdout,
    stderr: record.terminal ? undefined : outputs.stderr,
    resize: async (size) => (record.terminal ? resize(bundle, size) : undefined),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      for (const output of Object.values(outputs)) output.destroy();
    },
  };
}

async function separate(dump: Readable, { stdout, stderr }: { stdout: PassThrough; stderr: PassThrough }) {
  const packets = new PacketDump();
  const text = new StringDecoder('latin1');
  try {
    for await (const chunk of dump) {
      for (const { direction, bytes } of packets.push(text.write(chunk as Buffer))) {
        if (direction !== '<' || bytes.length < 2) continue;
        const stream = bytes[0] === STDERR ? stderr : stdout;
        if (!stream.destroyed && !stream.write(bytes.subarray(1))) await drained(stream);
      }
    }
  } finally {
    stdout.end();
    stderr.end();
  }
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', () => resolve());
    stream.once('close', () => resolve());
  });
}

/** conmon takes sizes on a named pipe of the bundle: height, then width. */
async function resize(bundle: string, { width, height }: TerminalSize): Promise<void> {
  // Without O_NONBLOCK this would wait for ever where the monitor is gone.
  const pipe = await open(join(bundle, 'winsz'), constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined);
  try {
    await pipe?.write(`${height} ${width}\n`);
  } finally {
    await pipe?.close();
  }
}
