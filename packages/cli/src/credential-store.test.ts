import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { authFileCredentials } from '@stillframe/oci';
import { credentialStore } from './credential-store.ts';

/** A provider over one auth file, with helpers that are the shell scripts given. */
async function atFile<T>(
  file: object,
  helpers: Record<string, string>,
  use: (credentialsFor: (registry: string) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  await using folder = await openTemporaryFolder(tmpdir(), 'helper');
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(bin, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  const path = join(folder.path, 'config.json');
  await writeFile(path, JSON.stringify(file));
  const provider = authFileCredentials([path], { helper: credentialStore({ PATH: `${bin}:/usr/bin:/bin` }) });
  return await use((registry) => provider.credentialsFor(registry, 'a/b'));
}

const ANSWER = `read -r server; printf '{"ServerURL":"%s","Username":"ada at %s","Secret":"s3cret"}' "$server" "$server"`;
const AUTHS = { auths: { 'r.example': { auth: Buffer.from('file:word').toString('base64') } } };

test('the helper of a registry is asked before the file’s own entries, the store for all others', () =>
  atFile(
    { ...AUTHS, credHelpers: { 'r.example': 'own' }, credsStore: 'store' },
    { own: ANSWER, store: `printf '{"Username":"<token>","Secret":"identity"}'` },
    async (credentialsFor) => {
      const password = { kind: 'password', username: 'ada at r.example', password: 's3cret' };
      assert.deepEqual(await credentialsFor('r.example'), password);
      assert.deepEqual(await credentialsFor('other.example'), { kind: 'identity-token', token: 'identity' });
    },
  ));

test('a helper that knows nothing leaves it to the entries; docker’s registry has its old name', () =>
  atFile(
    { ...AUTHS, credsStore: 'store' },
    {
      store: `read -r server; case $server in https://index.docker.io/v1/) printf '{"Username":"hub","Secret":"x"}';;
      *) echo 'credentials not found in native keychain'; exit 1;; esac`,
    },
    async (credentialsFor) => {
      assert.deepEqual(await credentialsFor('r.example'), { kind: 'password', username: 'file', password: 'word' });
      assert.deepEqual(await credentialsFor('docker.io'), { kind: 'password', username: 'hub', password: 'x' });
    },
  ));

test('a helper that is missing, fails or talks nonsense is named, and nothing that it said is quoted', () =>
  atFile(
    { credHelpers: { a: 'missing', b: 'failing', c: 'nonsense', d: 'endless', e: '../../bin/sh' } },
    { failing: 'echo s3cret >&2; exit 3', nonsense: 'echo s3cret', endless: 'yes s3cret' },
    async (credentialsFor) => {
      for (const [registry, word] of [
        ['a', 'not installed'],
        ['b', 'code 3'],
        ['c', 'no JSON'],
        ['d', 'too much'],
      ] as const) {
        await assert.rejects(credentialsFor(registry), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_CREDENTIAL_HELPER');
          assert.match(error.message, new RegExp(word));
          assert.doesNotMatch(`${error.message}${JSON.stringify(error)}`, /s3cret/);
          return true;
        });
      }
      await assert.rejects(credentialsFor('e'), { code: 'ERR_OCI_CREDENTIALS_INVALID' });
    },
  ));
