import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StillframeError } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';
import { authFileCredentials } from './credentials.ts';
import { serve } from './fake.suite.ts';
import { HttpTransport } from './http.ts';
import { checkHop, Origin, type Trust } from './origin.ts';

describe('parseChallenges', () => {
  const plain = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

  it('reads the challenge of a token registry', () => {
    assert.deepEqual(
      plain('Bearer realm="https://auth.example/token", service="reg",scope="repository:a/b:pull,push"'),
      [['bearer', { realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a/b:pull,push' }]],
    );
  });

  it('reads several challenges, escapes and values without quotes', () => {
    assert.deepEqual(plain('Negotiate, Basic realm="a \\"b\\"" , BEARER Realm=x'), [
      ['negotiate', {}],
      ['basic', { realm: 'a "b"' }],
      ['bearer', { realm: 'x' }],
    ]);
  });

  it('ends on any text', () => {
    fc.assert(fc.property(fc.string(), (header) => void parseChallenges(header)));
    fc.assert(fc.property(fc.stringMatching(/^[a =",\\]{0,80}$/), (header) => void parseChallenges(header)));
  });
});

describe('authFileCredentials', () => {
  const auth = (name: string) => ({ auth: Buffer.from(`${name}:pass:word`).toString('base64') });
  const named = (username: string) => ({ kind: 'password', username, password: 'pass:word' });

  it('finds the most specific entry, and the first file that has one', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'auth');
    const [first, second, third] = ['1', '2', '3'].map((name) => join(folder.path, name)) as [string, string, string];
    await writeFile(
      second,
      JSON.stringify({ auths: { 'r.example:5000': auth('host'), 'r.example:5000/team': auth('team') } }),
    );
    const later = {
      'r.example:5000': auth('late'),
      'https://index.docker.io/v1/': auth('hub'),
      empty: {},
      tok: { identitytoken: 't' },
    };
    await writeFile(third, JSON.stringify({ auths: later, credHelpers: {} }));
    const provider = authFileCredentials([first, second, third]);
    assert.deepEqual(await provider.credentialsFor('r.example:5000', 'team/app'), named('team'));
    assert.deepEqual(await provider.credentialsFor('r.example:5000', 'other/app'), named('host'));
    assert.deepEqual(await provider.credentialsFor('r.example:5000', undefined), named('host'));
    assert.deepEqual(await provider.credentialsFor('docker.io', 'library/x'), named('hub'));
    assert.deepEqual(await provider.credentialsFor('tok', 'a'), { kind: 'identity-token', token: 't' });
    assert.equal(await provider.credentialsFor('empty', 'a'), undefined);
    assert.equal(await provider.credentialsFor('r.example', 'team/app'), undefined);
  });

  it('never quotes a broken file', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'auth');
    const path = join(folder.path, 'auth.json');
    for (const text of ['{"auths":{"r":{"auth":"hunter2"}}}', '{"auths":"hunter2"}', '{"auths": hunter2']) {
      await writeFile(path, text);
      await assert.rejects(authFileCredentials([path]).credentialsFor('r', undefined), (error) => {
        assert.ok(StillframeError.is(error));
        assert.doesNotMatch(`${error.message}${error.stack}${String(error.cause)}`, /hunter2/);
        return true;
      });
    }
  });
});

describe('Origin', () => {
  const originOf = async (registry: string, trust: Trust = 'usual') => {
    using transport = new HttpTransport();
    return new Origin(registry, trust, transport).url();
  };

  it('takes plain HTTP for loopback hosts alone, and not where verification is asked for', async () => {
    const cases: [string, string][] = [
      ['127.0.0.1:5000', 'http://127.0.0.1:5000/'],
      ['127.9.9.9', 'http://127.9.9.9/'],
      ['localhost:5000', 'http://localhost:5000/'],
      ['[::1]:5000', 'http://[::1]:5000/'],
      ['r.example', 'https://r.example/'],
      ['127.0.0.1.example', 'https://127.0.0.1.example/'],
      ['localhost.example', 'https://localhost.example/'],
    ];
    for (const [registry, href] of cases) assert.equal((await originOf(registry)).href, href);
    assert.equal((await originOf('localhost:5000', 'verified')).href, 'https://localhost:5000/');
    for (const wrong of ['a/b', 'user@host'])
      await assert.rejects(originOf(wrong), { code: 'ERR_OCI_REFERENCE_INVALID' });
  });

  it('of an unverified registry is HTTP where nobody speaks TLS, and nobody is told who asks', async () => {
    const seen: unknown[] = [];
    await using server = await serve((request, response) => {
      seen.push([request.url, request.headers.authorization]);
      response.writeHead(401).end();
    });
    assert.equal((await originOf(server.address, 'unverified')).href, `http://${server.address}/`);
    assert.deepEqual(seen, [['/v2/', undefined]]);
  });

  it('of an unverified registry that is not there is asked for again', async () => {
    using transport = new HttpTransport();
    let address = '';
    {
      await using gone = await serve(() => undefined);
      address = gone.address;
    }
    const origin = new Origin(address, 'unverified', transport);
    await assert.rejects(origin.url(), { code: 'ERR_OCI_REGISTRY_UNREACHABLE' });
    await using _back = await serve((_request, response) => response.end(), Number(address.split(':')[1]));
    assert.equal((await origin.url()).protocol, 'http:');
  });

  it('lets no hop leave encryption', () => {
    const [secure, plain] = [new URL('https://a.example'), new URL('http://a.example')];
    assert.throws(() => checkHop(secure, plain), { code: 'ERR_OCI_REGISTRY_PROTOCOL' });
    checkHop(plain, secure);
    checkHop(secure, secure);
  });
});
