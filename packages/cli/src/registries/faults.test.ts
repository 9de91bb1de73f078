/** What a user is told where a registry fails, and that no secret is in it or goes to anybody else. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StillframeError } from '@stillframe/core';
import { needs, startRegistry } from '@stillframe/testkit';
import { printError } from '../exit.ts';
import { atDesk, type Desk, FIXTURE } from '../image/desk.fixture.ts';
import { serve } from './serve.fixture.ts';

const run = promisify(execFile);
const SECRET = 'open sesame';
const BASIC = Buffer.from(`ann:${SECRET}`).toString('base64');

/** What a failing command prints; throws where it does not fail. */
async function told(command: Promise<unknown>): Promise<{ text: string; code: string }> {
  try {
    await command;
  } catch (error) {
    let text = '';
    printError({ err: (part) => (text += part) }, error);
    assert.ok(StillframeError.is(error), String(error));
    assert.doesNotMatch(text + JSON.stringify(error.details), new RegExp(`${SECRET}|${BASIC}`));
    return { text, code: error.code };
  }
  return assert.fail('it did not fail');
}

async function logIn(desk: Desk, address: string, auth = BASIC): Promise<void> {
  await desk.write('.docker/config.json', JSON.stringify({ auths: { [address]: { auth } } }));
}

/** A registry that wants a password, and then answers. */
function demanding(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  return serve((request, response) => {
    if (request.headers.authorization === `Basic ${BASIC}`) answer(request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
}

describe('a real registry that fails', needs('docker-registry'), () => {
  it('since the password is wrong says so', async () => {
    // bcrypt of another one.
    await using registry = await startRegistry({
      users: 'ann:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCX',
    });
    await atDesk(async (desk) => {
      await copyFile(FIXTURE, desk.at('a.tar'));
      await logIn(desk, registry.address);
      for (const args of [
        ['inspect', `${registry.address}/a:1`],
        ['build', desk.at('a.tar'), `${registry.address}/a:1`],
        ['rm', `${registry.address}/a:1`],
      ]) {
        const { text, code } = await told(desk.run(...args));
        assert.equal(code, 'ERR_OCI_REGISTRY_UNAUTHORIZED');
        assert.match(text, /the credentials that are there for \S+ are not taken: log in to the registry/);
      }
      await desk.write('.docker/config.json', '{}');
      const { text } = await told(desk.run('list', `${registry.address}/a`));
      assert.match(text, /there are no credentials for \S+: log in to the registry/);
      await desk.write('.docker/config.json', '{');
      assert.equal((await told(desk.run('list', `${registry.address}/a`))).code, 'ERR_OCI_CREDENTIALS_INVALID');
    });
  });

  it('since the tag is unknown says which', async () => {
    await using registry = await startRegistry();
    await atDesk(async (desk) => {
      const { text, code } = await told(desk.run('extract', `${registry.address}/a/b:nope`, desk.at('out')));
      assert.equal(code, 'ERR_OCI_MANIFEST_UNKNOWN');
      assert.match(text, /a\/b:nope is not there.*\n.*check the tag/);
    });
  });
});

describe('a real registry whose disk is full', needs('docker-registry', 'root'), () => {
  it('is named as what failed, and the same push goes through once there is room', () =>
    atDesk(async (desk) => {
      const storage = desk.at('storage');
      await mkdir(storage);
      await run('mount', ['-t', 'tmpfs', '-o', 'size=40k', 'stillframe-test', storage]);
      try {
        await using registry = await startRegistry({ storage });
        await copyFile(FIXTURE, desk.at('a.tar'));
        const to = `${registry.address}/a/b:1`;
        const { text } = await told(desk.run('build', desk.at('a.tar'), to));
        assert.match(text, new RegExp(`${registry.address}.* the registry answered 5\\d\\d`));
        assert.equal((await told(desk.run('inspect', to))).code, 'ERR_OCI_MANIFEST_UNKNOWN');
        await run('mount', ['-o', 'remount,size=8m', storage]);
        assert.equal((await desk.run('build', desk.at('a.tar'), to)).code, 0);
      } finally {
        for (let attempt = 0; attempt < 20 && !(await run('umount', [storage]).catch(() => undefined)); attempt += 1)
          await delay(100);
      }
    }));
});

describe('a registry that is hostile', () => {
  it('with a manifest over the limit is refused before that is read whole', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    await using registry = await serve((request, response) => {
      const size = 5 << 20;
      const headers = { 'docker-content-digest': digest, 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
      response.writeHead(200, { ...headers, 'content-length': size });
      response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(size, 0x20));
    });
    await atDesk(async (desk) => {
      const { code, text } = await told(desk.run('inspect', `${registry.address}/a:1`));
      assert.equal(code, 'ERR_OCI_DOCUMENT_TOO_LARGE');
      assert.match(text, /more than 4194304 bytes/);
    });
  });

  it('that sends reading and uploads on to another origin sends no password there', async () => {
    await using elsewhere = await serve((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="y"' }).end(),
    );
    await using registry = await demanding((request, response) => {
      if (request.method === 'HEAD' && request.url?.includes('/blobs/')) response.writeHead(404).end();
      else if (request.method === 'POST')
        response.writeHead(202, { location: `http://${elsewhere.address}/session?_state=s3cret` }).end();
      else response.writeHead(307, { location: `http://${elsewhere.address}/moved?signature=s3cret` }).end();
    });
    await atDesk(async (desk) => {
      await copyFile(FIXTURE, desk.at('a.tar'));
      await logIn(desk, registry.address);
      for (const args of [
        ['inspect', `${registry.address}/a:1`],
        ['build', desk.at('a.tar'), `${registry.address}/a:1`],
      ]) {
        const { text } = await told(desk.run(...args));
        // What stands in a query is a key, too.
        assert.doesNotMatch(text, /s3cret/);
      }
      assert.deepEqual(new Set(elsewhere.seen.map(([, path]) => path?.split('?')[0])), new Set(['/moved', '/session']));
      assert.ok(elsewhere.seen.every(([, , authorization]) => authorization === undefined));
    });
  });

  it('that names a token server elsewhere gives it the name and password for that registry alone, and not over a redirect', async () => {
    await using elsewhere = await serve((_request, response) => response.writeHead(200).end('{"token":"t"}'));
    await using tokens = await serve((_request, response) =>
      response.writeHead(302, { location: `http://${elsewhere.address}/token` }).end(),
    );
    await using registry = await serve((_request, response) =>
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.address}/token"` }).end(),
    );
    await atDesk(async (desk) => {
      await logIn(desk, registry.address);
      const { text } = await told(desk.run('inspect', `${registry.address}/a:1`));
      assert.match(text, /token for .* answered 302/);
      assert.deepEqual(elsewhere.seen, []);
      assert.equal(tokens.seen[0]?.[2], `Basic ${BASIC}`);
    });
  });
});
