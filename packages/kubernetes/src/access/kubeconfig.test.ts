import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { openKubeconfig } from '../index.ts';

const cluster = (name: string, more: object = {}) => ({
  name,
  cluster: { server: 'https://api.example:6443/', ...more },
});
const one = (user: object, more: object = {}) => ({
  clusters: [cluster('c', more)],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  'current-context': 'x',
});

describe('a kubeconfig', () => {
  let folder: TemporaryFolder;
  const write = async (name: string, document: object) => {
    const file = join(folder.path, name);
    await writeFile(file, JSON.stringify(document));
    return file;
  };
  const headersOf = async (user: object) => {
    const file = await write('one', one(user));
    return (await (await openKubeconfig({ file, env: {} })).credentials()).headers;
  };
  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
  });
  after(() => folder[Symbol.asyncDispose]());

  it('says where the API server is, and the namespace', async () => {
    const file = await write('one', one({ token: 'sesame' }));
    const { server, context, kubeNamespace } = await openKubeconfig({ file, env: {} });
    assert.deepEqual(
      { server, context, kubeNamespace },
      { server: 'https://api.example:6443', context: 'x', kubeNamespace: 'shop' },
    );
  });

  it('proves who asks by token, by its file, by name and password', async () => {
    await writeFile(join(folder.path, 'token'), 'from-file\n');
    assert.deepEqual(await headersOf({ token: 'sesame' }), { Authorization: 'Bearer sesame' });
    assert.deepEqual(await headersOf({ tokenFile: 'token', token: 'older' }), { Authorization: 'Bearer from-file' });
    assert.deepEqual(await headersOf({ username: 'u', password: 'p' }), { Authorization: 'Basic dTpw' });
    assert.deepEqual(await headersOf({ token: 't', as: 'ops', 'as-groups': ['a', 'b'] }), {
      ...{ Authorization: 'Bearer t', 'Impersonate-User': 'ops', 'Impersonate-Group': ['a', 'b'] },
    });
  });

  it('proves it by certificate, and knows whom to trust', async () => {
    const data = (text: string) => Buffer.from(text).toString('base64');
    for (const name of ['ca.crt', 'client.crt', 'client.key']) await writeFile(join(folder.path, name), name);
    const inline = one(
      { 'client-certificate-data': data('client.crt'), 'client-key-data': data('client.key') },
      { 'certificate-authority-data': data('ca.crt'), 'tls-server-name': 'inner' },
    );
    const byFile = one(
      { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
      { 'certificate-authority': 'ca.crt', 'tls-server-name': 'inner' },
    );
    for (const document of [inline, byFile]) {
      const access = await openKubeconfig({ file: await write('one', document), env: {} });
      const { ca, cert, key, servername } = await access.credentials();
      assert.deepEqual([ca, cert, key].map(String), ['ca.crt', 'client.crt', 'client.key']);
      assert.equal(servername, 'inner');
    }
  });

  it('runs the program that gives credentials, which is told of the cluster', async () => {
    const program = join(folder.path, 'login');
    await writeFile(
      program,
      `#!/bin/sh
case "$KUBERNETES_EXEC_INFO" in *'"kind":"ExecCredential"'*https://api.example:6443*) ;; *) echo "no info" >&2; exit 1;; esac
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'"$1"'"}}'
`,
    );
    await chmod(program, 0o700);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: program,
      args: ['made'],
      provideClusterInfo: true,
    };
    assert.deepEqual(await headersOf({ exec }), { Authorization: 'Bearer made' });
    await assert.rejects(headersOf({ exec: { ...exec, provideClusterInfo: false } }), {
      code: 'ERR_CLUSTER_CREDENTIALS',
      message: /no credentials for context x: no info/,
    });
    await assert.rejects(headersOf({ exec: { ...exec, command: '/nowhere' } }), { code: 'ERR_CLUSTER_CREDENTIALS' });
  });

  it('goes through a proxy', async () => {
    const file = await write('one', one({ token: 't' }, { 'proxy-url': 'http://127.0.0.1:3128' }));
    const { agent } = await (await openKubeconfig({ file, env: {} })).credentials();
    assert.match(agent?.constructor.name ?? '', /Proxy/);
  });

  it('may be several files, of which the first that says something holds, or that in the home folder', async () => {
    await mkdir(join(folder.path, '.kube'));
    await write('.kube/config', { ...one({ token: 'home' }) });
    const home = await openKubeconfig({ env: { HOME: folder.path } });
    assert.deepEqual((await home.credentials()).headers, { Authorization: 'Bearer home' });
    const first = await write('first', { users: [{ name: 'u', user: { token: 'first' } }], 'current-context': 'y' });
    const second = await write('second', {
      ...one({ token: 'second' }),
      contexts: [{ name: 'y', context: { cluster: 'c', user: 'u' } }],
    });
    const env = { KUBECONFIG: [first, join(folder.path, 'none'), second].join(delimiter), HOME: folder.path };
    const both = await openKubeconfig({ env });
    assert.equal(both.context, 'y');
    assert.deepEqual((await both.credentials()).headers, { Authorization: 'Bearer first' });
  });

  it('tells what it lacks', async () => {
    const cases: [object | string, RegExp][] = [
      [{ ...one({}), 'current-context': undefined }, /names no current-context/],
      [{ ...one({}), contexts: [] }, /no context "x"/],
      [{ ...one({}), clusters: [] }, /no cluster "c"/],
      [{ ...one({}), users: [] }, /no user "u"/],
      [one({}, { server: 'http://api.example' }), /no https URL/],
      ['a: *b', /kubeconfig/],
      ['[]', /no kubeconfig/],
    ];
    for (const [document, message] of cases) {
      const file = join(folder.path, 'kubeconfig');
      await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document));
      await assert.rejects(openKubeconfig({ file, env: {} }), { code: 'ERR_CLUSTER_KUBECONFIG', message });
    }
    await assert.rejects(openKubeconfig({ file: '/nowhere', env: {} }), { code: 'ERR_CLUSTER_KUBECONFIG' });
    const file = await write('one', one({}));
    await assert.rejects(openKubeconfig({ file, context: 'z', env: {} }), { message: /no context "z"/ });
  });
});
