import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openTemporaryFolder } from '@stillframe/core/file';
import { authFileCredentials } from '@stillframe/oci';
import { credentialStore } from './credential-store.ts';

/** Milliseconds. */
const TIMEOUT = 2000;
/** It ignores SIGTERM, and so does what it has started, which holds its output open. */
const STUBBORN = `trap '' TERM; echo s3cret; sleep 7 & wait; wait`;

/** A provider over one auth file, with helpers that are the shell scripts given. */
async function atFile<T>(
  file: object,
  helpers: Record<string, string>,
  use: (credentialsFor: (registry: string, signal?: AbortSignal) => Promise<unknown>, bin: string) => Promise<T>,
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
  const helper = credentialStore({ PATH: `${bin}:/usr/bin:/bin` }, { timeout: TIMEOUT });
  const provider = authFileCredentials([path], { helper });
  return await use((registry, signal) => provider.credentialsFor(registry, 'a/b', { signal }), bin);
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
    {
      credHelpers: {
        ...{ a: 'missing', b: 'failing', c: 'nonsense', d: 'endless', e: '../../bin/sh' },
        ...{ f: 'stubborn', g: 'dying', h: 'forbidden', i: 'half' },
      },
    },
    {
      ...{ failing: 'echo s3cret >&2; exit 3', nonsense: 'echo s3cret', endless: 'yes s3cret', stubborn: STUBBORN },
      ...{ dying: 'echo s3cret; kill -SEGV $$', forbidden: '', half: `echo '{"Secret":"s3cret"}'` },
    },
    async (credentialsFor, bin) => {
      await chmod(join(bin, 'docker-credential-forbidden'), 0o600);
      for (const [registry, word] of [
        ['a', 'not installed'],
        ['b', 'code 3'],
        ['c', 'no JSON'],
        ['d', 'more than 65536 bytes'],
        ['f', 'more than 2 s'],
        ['g', 'ended by SIGSEGV'],
        ['h', 'cannot be run: EACCES'],
        ['i', 'without credentials'],
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

test('a helper that is waited for ends with the caller’s signal', () =>
  atFile({ credsStore: 'stubborn' }, { stubborn: STUBBORN }, async (credentialsFor) => {
    const before = process.getActiveResourcesInfo().filter((each) => /^(Process|Pipe)Wrap$/.test(each));
    const stop = new AbortController();
    const asked = credentialsFor('r.example', stop.signal);
    const from = performance.now();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await assert.rejects(asked, /enough/);
    assert.ok(performance.now() - from < TIMEOUT / 2);
    // Nothing of it keeps our own process from its end, once the event loop has closed what was open.
    await delay(50);
    const left = process.getActiveResourcesInfo().filter((each) => /^(Process|Pipe)Wrap$/.test(each));
    assert.deepEqual(left, before);
    await assert.rejects(credentialsFor('r.example', stop.signal), /enough/);
  }));
