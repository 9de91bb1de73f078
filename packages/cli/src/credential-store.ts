/** Programs that keep the credentials of registries: `docker-credential-NAME get` (docker: credential-helpers protocol). */
import { StillframeError } from '@stillframe/core';
import type { CredentialStore } from '@stillframe/oci';

/** Milliseconds by default: one may ask a person. */
const TIMEOUT = 60_000;
/** Bytes of an answer. */
const LONGEST = 64 << 10;
/** What helpers say, on either stream, of a server that they do not know. */
const UNKNOWN = /credentials not found/i;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs the helper found on `env.PATH`. What it prints may hold the secret, so no error quotes it. `timeout` is in milliseconds.
 * Throws ERR_CREDENTIAL_HELPER where it is not installed, fails, takes too long or answers something else, and the reason of an
 * aborted signal.
 */
export function credentialStore(env: Environment, { timeout = TIMEOUT } = {}): CredentialStore {
  return async (name, server, { signal }) => {
    const program = `docker-credential-${name}`;
    const { code, stdout, stderr } = await runHelper(program, server, { env, timeout, signal });
    if (code !== 0) {
      if (UNKNOWN.test(stdout) || UNKNOWN.test(stderr)) return undefined;
      throw failed(`${program} ended with code ${code}`);
    }
    let answer: { Username?: unknown; Secret?: unknown } | null;
    try {
      answer = JSON.parse(stdout);
    } catch {
      throw failed(`${program} answered something that is no JSON`);
    }
    const { Username: username, Secret: secret } = answer ?? {};
    if (typeof username !== 'string' || typeof secret !== 'string')
      throw failed(`${program} answered without credentials`);
    return secret === '' ? undefined : { username, secret };
  };
}

interface Running {
  env: Environment;
  timeout: number;
  signal: AbortSignal | undefined;
}

async function runHelper(program: string, server: string, { env, timeout, signal }: Running) {
  signal?.throwIfAborted();
  // Only who needs a helper loads what starts programs.
  const { execFile } = await import('node:child_process');
  // One that does not want to end must not keep us.
  const bounds = { timeout, maxBuffer: LONGEST, killSignal: 'SIGKILL' as const };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    const options = { env: { ...env }, encoding: 'utf8' as const, ...bounds };
    const child = execFile(program, ['get'], options, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', end);
      if (!error) resolve({ code: 0, stdout, stderr });
      else if (signal?.aborted) reject(signal.reason);
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(failed(`${program} ${faultOf(error, timeout)}`));
    });
    // The option of execFile asks with SIGTERM, and leaves open what the helper's own children still hold.
    const end = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill('SIGKILL');
    };
    signal?.addEventListener('abort', end, { once: true });
    // One that ends without reading breaks the pipe; its exit code tells the story.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

/** What execFile says of a program that has no exit code. Its message would quote the program's words. */
function faultOf(
  error: { code?: string | number | null; signal?: unknown; killed?: boolean },
  timeout: number,
): string {
  if (error.code === 'ENOENT') return 'is not installed';
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `was ended: it said more than ${LONGEST} bytes`;
  if (error.killed) return `was ended: it took more than ${timeout / 1000} s`;
  return error.signal ? `was ended by ${String(error.signal)}` : `cannot be run: ${String(error.code)}`;
}

function failed(message: string): StillframeError {
  return new StillframeError('ERR_CREDENTIAL_HELPER', 'failed-precondition', message, {
    hint: 'the auth file (~/.docker/config.json or auth.json) names it; run it by hand, or log in again without it',
  });
}
