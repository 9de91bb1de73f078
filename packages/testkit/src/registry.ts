/** A real registry (the distribution project's, Debian package docker-registry) on loopback, with nothing in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A registry that runs until disposal, which also removes what it stored. */
export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** The folder with what it stored. */
  readonly storage: string;
  /** Ends it with SIGKILL, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Starts it again after kill, at the same address and with the same storage. */
  restart(): Promise<void>;
}

const PROGRAM = 'docker-registry';

export interface RegistrySettings {
  /** Where it stores; stays at disposal. A temporary folder by default. */
  storage?: string;
  /** Who is let in, as lines of htpasswd with bcrypt. Everybody by default. */
  users?: string;
  /** Whether it removes manifests; true by default. */
  removes?: boolean;
  /** Files that it speaks TLS with; with `clients`, only to whoever shows a certificate of that authority. */
  tls?: { certificate: string; key: string; clients?: string };
}

/**
 * Starts a registry and waits until it answers; tests declare `needs('docker-registry')`. Throws Error where it does not
 * answer within 20 s.
 */
export async function startRegistry(options: RegistrySettings = {}): Promise<RunningRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const storage = options.storage ?? join(folder, 'storage');
  const config = join(folder, 'config.json');
  const users = options.users === undefined ? undefined : join(folder, 'htpasswd');
  if (users !== undefined) await writeFile(users, `${options.users}\n`);
  const removes = options.removes ?? true;
  await writeFile(config, JSON.stringify(configFor({ address, storage, users, removes, tls: options.tls })));
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child) await end(child);
  };
  const dispose = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  const restart = async () => {
    child = await serve(config, address);
  };
  try {
    await restart();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { address, storage, kill, restart, [Symbol.asyncDispose]: dispose };
}

/** Waits until it answers. Throws Error with its last words. */
async function serve(config: string, address: string): Promise<ChildProcess> {
  const child = spawn(PROGRAM, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-2000);
  });
  child.on('error', (error) => {
    words = error.message;
  });
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await delay(20)) {
    if (child.pid === undefined || child.exitCode !== null) break;
    if (await answers(address)) return child;
  }
  await end(child);
  throw new Error(`${PROGRAM} did not start: ${words}`);
}

/** JSON is YAML, which is what the registry reads. */
function configFor({
  address,
  storage,
  users,
  removes = true,
  tls,
}: { address: string; storage: string } & RegistrySettings) {
  const { certificate, key, clients } = tls ?? {};
  return {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: removes } },
    http: {
      addr: address,
      secret: 'only for tests on loopback',
      ...(tls && { tls: { certificate, key, ...(clients === undefined ? {} : { clientcas: [clients] }) } }),
    },
    ...(users === undefined ? {} : { auth: { htpasswd: { realm: 'tests', path: users } } }),
  };
}

/** One that speaks TLS says so to whoever does not: that is an answer, too. */
async function answers(address: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${address}/v2/`);
    await response.arrayBuffer();
    return response.ok || response.status === 401 || response.status === 400;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
