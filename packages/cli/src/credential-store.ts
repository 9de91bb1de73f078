/** Programs that keep the credentials of registries: `docker-credential-NAME get` (docker: credential-helpers protocol). */
import { StillframeError } from '@stillframe/core';
import type { CredentialStore } from '@stillframe/oci';

/** Milliseconds: one may ask a person. */
const TIMEOUT = 60_000;
/** Bytes of an answer. */
const LONGEST = 64 << 10;
/** What helpers say, on either stream, of a server that they do not know. */
const UNKNOWN = /credentials not found/i;

/**
 * Runs the helper found on `env.PATH`. What it prints may hold the secret, so no error quotes it. Throws
 * ERR_CREDENTIAL_HELPER where it is not installed, fails, or answers something else.
 */
export function credentialStore(env: Readonly<Record<string, string | undefined>>): CredentialStore {
  return async (name, server) => {
    const program = `docker-credential-${name}`;
    const { code, stdout, stderr } = await runHelper(program, server, env);
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

async function runHelper(program: string, server: string, env: Readonly<Record<string, string | undefined>>) {
  // Only who needs a helper loads what starts programs.
  const { execFile } = await import('node:child_process');
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    const options = { env: { ...env }, timeout: TIMEOUT, maxBuffer: LONGEST, encoding: 'utf8' as const };
    const child = execFile(program, ['get'], options, (error, stdout, stderr) => {
      if (!error) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else if (error.code === 'ENOENT') reject(failed(`${program} is not installed`));
      else reject(failed(`${program} was ended: it took more than ${TIMEOUT / 1000} s or said too much`));
    });
    // One that ends without reading breaks the pipe; its exit code tells the story.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

function failed(message: string): StillframeError {
  return new StillframeError('ERR_CREDENTIAL_HELPER', 'failed-precondition', message, {
    hint: 'the auth file (~/.docker/config.json or auth.json) names it; run it by hand, or log in again without it',
  });
}
