/** Connections to ports inside a pod's network. */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { sandboxOf } from '../sandbox/sandbox.ts';

/** One TCP connection, seen from outside. */
export interface ForwardedConnection extends AsyncDisposable {
  /** Ending it ends the far side's input; its output goes on. */
  readonly input: Writable;
  readonly output: Readable;
  /** Settles when both directions have ended. */
  readonly ended: Promise<void>;
}

/** Milliseconds that a connection inside of a pod may take to be accepted. */
const CONNECT = 10_000;
/** Bytes of socat's words that are kept. */
const SAID = 16 << 10;

/**
 * Connects to `port` on the pod's loopback, IPv4 before IPv6.
 * Throws ERR_SANDBOX_NOT_FOUND, ERR_SANDBOX_NOT_READY, ERR_FORWARD_FAILED with the system's reason.
 */
export async function openForward(context: NodeContext, sandboxID: string, port: number): Promise<ForwardedConnection> {
  const sandbox = sandboxOf(context, sandboxID);
  if (!sandbox.ready) throw runtimeError('ERR_SANDBOX_NOT_READY', `sandbox ${sandbox.id} is stopped`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw runtimeError('ERR_FORWARD_FAILED', `${port} is no port`);
  }
  const enter = sandbox.namespaces.net === undefined ? [] : ['nsenter', `--net=${sandbox.namespaces.net}`, '--'];
  try {
    return await connect([...enter, ...socat(`TCP4:127.0.0.1:${port}`)]);
  } catch (first) {
    // The reason of the first is the one that is expected to help.
    return connect([...enter, ...socat(`TCP6:[::1]:${port}`)]).catch(() => Promise.reject(first));
  }
}

function socat(address: string): string[] {
  // Two -d: a word when the connection is made. -t: how long one direction may outlive the other.
  return ['socat', '-d', '-d', '-t', '31536000', '-', `${address},nodelay,keepalive`];
}

async function connect(argv: readonly string[]): Promise<ForwardedConnection> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const { stdin, stdout, stderr } = child;
  stdin.on('error', () => undefined);
  stdout.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const dispose = async () => {
    child.kill('SIGKILL');
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(failed('no answer')), CONNECT);
      let said = '';
      stderr.on('data', (chunk) => {
        said = (said + String(chunk)).slice(-SAID);
        if (said.includes('starting data transfer loop')) resolve();
      });
      child.once('error', (cause) =>
        reject(runtimeError('ERR_PROCESS_MISSING', `${program} is not installed`, { cause })),
      );
      child.once('close', () => reject(failed(/: ([^:\n]+)\n[^\n]*exit/.exec(said)?.[1] ?? said.trim().slice(-200))));
      ended.then(() => clearTimeout(timer));
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { input: stdin, output: stdout, ended, [Symbol.asyncDispose]: dispose };
}

function failed(reason: string) {
  return runtimeError('ERR_FORWARD_FAILED', `the connection inside the pod failed: ${reason}`, {
    hint: 'is there a program in the pod that listens on this port?',
  });
}
