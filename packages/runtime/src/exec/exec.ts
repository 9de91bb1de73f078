/** Exec with live streams, with and without a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { NodeContext } from '../context.ts';
import { run } from '../process/run.ts';
import { TailBuffer } from '../process/tail-buffer.ts';
import { drainedOutput } from './drain.ts';
import { killExec } from './kill.ts';
import { openPipes } from './pipes.ts';
import { type ExecFolder, openExecFolder } from './process-file.ts';
import type { StreamSession, TerminalSize } from './session.ts';
import { notStarted, untilThawed } from './start.ts';

/** Bytes of error output that are searched for why a command could not be started. */
const KEPT = 4096;

export interface ExecRequest {
  command: readonly string[];
  terminal: boolean;
  /** Whether the command gets an input; it reads its end at once otherwise. */
  stdin: boolean;
}

/**
 * Starts a command. One that cannot be started fails `ended` with ERR_EXEC_FAILED; on a terminal it is a failing exit
 * code, and the OCI runtime's words are its output. Disposing kills what still runs.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE, ERR_CONTAINER_INVALID.
 */
export async function openExec(context: NodeContext, idOrPrefix: string, request: ExecRequest): Promise<StreamSession> {
  const folder = await openExecFolder(context, idOrPrefix, request.command, request.terminal);
  await untilThawed(context, folder.containerID);
  try {
    return request.terminal ? onTerminal(context, folder, request) : await onPipes(context, folder, request);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function onPipes(context: NodeContext, folder: ExecFolder, request: ExecRequest): Promise<StreamSession> {
  const [out, err, input] = await openPipes(request.stdin ? ['out', 'out', 'in'] : ['out', 'out']);
  if (!out || !err) throw new TypeError('two pipes were asked for');
  const { argv, env } = context.oci.execCommand(folder);
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env, stdio: [input?.far ?? 'ignore', out.far, err.far], detached: true });
  for (const pipe of [out, err, input]) pipe?.closeFar();
  const outputs = [drainedOutput(out.near), drainedOutput(err.near)] as const;
  const errors = new TailBuffer(KEPT);
  outputs[1].stream.on('data', (chunk: Uint8Array) => errors.push(chunk)).pause();
  const ended = exitOf(child).then(async (code) => {
    await Promise.all(outputs.map((output) => output.childEnded()));
    const failure = await notStarted(folder, code, errors.text());
    if (failure) throw failure;
    return code;
  });
  ended.catch(() => undefined);
  return {
    stdin: input?.near,
    stdout: outputs[0].stream,
    stderr: outputs[1].stream,
    resize: async () => undefined,
    ended,
    async [Symbol.asyncDispose]() {
      await end(child, folder);
      for (const pipe of [out, err, input]) pipe?.near.destroy();
    },
  };
}

/**
 * script(1) brings the pseudo-terminal that the OCI runtime wants for its own side, and hands on the exit code. The
 * shell in it makes that terminal transparent, since the container's own is the one that edits lines, and tells its
 * name, by which it is resized; the OCI runtime passes the size on.
 */
const INSIDE_SCRIPT = 'stty raw -echo && tty >&3 && exec 3>&- && eval "exec $STILLFRAME_EXEC"';

function onTerminal(context: NodeContext, folder: ExecFolder, request: ExecRequest): StreamSession {
  const { argv, env } = context.oci.execCommand(folder);
  const words = argv.map(quoted).join(' ');
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', INSIDE_SCRIPT, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh', STILLFRAME_EXEC: words },
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    detached: true,
  });
  const stdin = child.stdin as Writable;
  stdin.on('error', () => undefined);
  // What is typed before the terminal is transparent would come back as an echo; and a size comes before input.
  stdin.cork();
  const terminal = firstLine(child.stdio[3] as Readable).catch(() => '');
  let sized: Promise<unknown> = terminal;
  void terminal.then(async () => {
    await sized.catch(() => undefined);
    stdin.uncork();
  });
  return {
    stdin: request.stdin ? stdin : undefined,
    stdout: child.stdout as Readable,
    stderr: undefined,
    resize(size) {
      // One after the other, so that the last one stays.
      const done = sized.catch(() => undefined).then(async () => setSize(await terminal, size));
      sized = done;
      return done;
    },
    ended: exitOf(child),
    [Symbol.asyncDispose]: () => end(child, folder),
  };
}

async function setSize(name: string, { width, height }: TerminalSize): Promise<void> {
  if (!name.startsWith('/dev/')) return;
  // The terminal may be gone by now, and with it the need.
  await run(['stty', '-F', name, 'rows', String(height), 'cols', String(width)], { timeout: 5_000 });
}

function exitOf(child: ChildProcess): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  // Whoever awaits it gets the error; nobody has to.
  ended.catch(() => undefined);
  return ended;
}

async function end(child: ChildProcess, folder: ExecFolder): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    await killExec(folder.pidFile, folder.containerID);
    child.kill('SIGKILL');
  }
  await folder[Symbol.asyncDispose]();
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  stream.on('error', () => undefined);
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n') || text.length > 4096) break;
  }
  return text.split('\n')[0] ?? '';
}
