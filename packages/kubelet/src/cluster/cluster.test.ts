/** Tokens and rights that a cluster judges; its API server is played by one that answers from a table. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { type FakeApi, openFakeApi } from '../fake-api.ts';
import { nodeKubeconfig } from '../pki/kubeconfig.ts';
import { openNodePki } from '../pki/node-pki.ts';
import { parseKubeconfig } from './kubeconfig.ts';

type Review = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const PATH = '/checkpoint/default/counters/counter';
const bearer = (token: string) => ['--no-cert', '-H', `Authorization: Bearer ${token}`];

describe('a cluster', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let api: FakeApi;
  const asked: { path: string; spec: Record<string, unknown>; client: string }[] = [];
  const answers = { token: (_token: unknown): object => ({}), access: (_spec: Review): object => ({}), status: 201 };

  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    const pki = await openNodePki({ folder: join(folder.path, 'cluster'), nodeName: 'api.example' });
    server = createServer({ cert: pki.server, key: pki.serverKey, ca: pki.authority, requestCert: true });
    server.on('request', async (request, response) => {
      const { spec } = JSON.parse((await request.toArray()).join(''));
      const { socket, url = '' } = request;
      const client = socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject?.CN) : '';
      asked.push({ path: url, spec, client });
      const status = url.includes('tokenreviews') ? answers.token(spec.token) : answers.access(spec);
      response.writeHead(answers.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'x', metadata: {}, spec, status }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = join(folder.path, 'kubeconfig');
    const user = { name: 'system:node:node-1', groups: ['system:nodes'] };
    const text = await nodeKubeconfig({ pki, nodeName: 'c', server: `https://127.0.0.1:${port}`, user });
    await writeFile(kubeconfig, text);
    const cache = { cacheAllowedSeconds: 300, cacheDeniedSeconds: 0 };
    api = await openFakeApi(() => ({ kubeconfig, authorization: cache }));
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    asked.length = 0;
    const user = { username: 'system:serviceaccount:tools:capture', uid: '7', groups: ['system:serviceaccounts'] };
    Object.assign(answers, {
      token: (token: unknown) => (String(token).startsWith('good') ? { authenticated: true, user } : {}),
      access: () => ({ allowed: true, reason: 'RBAC: allowed by a binding' }),
      status: 201,
    });
  });

  it('is asked whose a token is and what that one may do, in the words of a kubelet, and once', async () => {
    for (const _ of [1, 2]) assert.equal((await api.curl(PATH, '-X', 'POST', ...bearer('good-1'))).status, 200);
    assert.deepEqual(asked, [
      { path: '/apis/authentication.k8s.io/v1/tokenreviews', spec: { token: 'good-1' }, client: 'system:node:node-1' },
      {
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        spec: {
          user: 'system:serviceaccount:tools:capture',
          uid: '7',
          groups: ['system:serviceaccounts', 'system:authenticated'],
          resourceAttributes: {
            verb: 'create',
            version: 'v1',
            resource: 'nodes',
            subresource: 'checkpoint',
            name: 'node-1',
          },
        },
        client: 'system:node:node-1',
      },
    ]);
  });

  it('is asked about the coarser right when it does not give the finer', async () => {
    answers.access = ({ resourceAttributes }) => ({ allowed: resourceAttributes?.['subresource'] === 'proxy' });
    assert.equal((await api.curl('/pods', ...bearer('good-2'))).status, 200);
    const subresources = asked.flatMap(({ spec }) => (spec as Review)['resourceAttributes']?.['subresource'] ?? []);
    assert.deepEqual(subresources, ['pods', 'proxy']);
  });

  it('says no to tokens and to rights', async () => {
    assert.equal((await api.curl('/pods', ...bearer('bad'))).status, 401);
    answers.access = () => ({ allowed: false, reason: 'no binding' });
    const { status, body } = await api.curl('/metrics', ...bearer('good-3'));
    assert.equal(status, 403);
    assert.match(body, /^Forbidden \(user=system:serviceaccount:tools:capture, verb=get, .*\[metrics\]\)\n$/);
  });

  it('is not asked about administrators of the node: they get in when it is gone', async () => {
    answers.status = 500;
    assert.equal((await api.curl('/pods')).status, 200);
    assert.deepEqual(asked, []);
  });

  it('that answers nonsense lets nobody in', async () => {
    answers.status = 500;
    assert.equal((await api.curl('/pods', ...bearer('good-4'))).status, 401);
    answers.status = 201;
    answers.token = () => ({ authenticated: true, user: { username: ['x'] } });
    assert.equal((await api.curl('/pods', ...bearer('good-5'))).status, 401);
    answers.token = () => ({ authenticated: 'yes', user: { username: 'x' } });
    assert.equal((await api.curl('/pods', ...bearer('good-6'))).status, 401);
    answers.token = () => ({ authenticated: true, user: { username: 'x' } });
    answers.access = () => ({ allowed: 'yes' });
    const { status, body } = await api.curl('/pods', ...bearer('good-7'));
    assert.deepEqual([status, body], [500, 'Authorization error (user=x, verb=get, resource=nodes, subresource=pods)']);
  });

  it('whose certificate is of another authority is not believed', async () => {
    const kubeconfig = join(folder.path, 'strange');
    const other = await openNodePki({ folder: join(folder.path, 'other'), nodeName: 'other' });
    const { port } = server.address() as AddressInfo;
    const options = { pki: other, nodeName: 'c', server: `https://127.0.0.1:${port}` };
    await writeFile(kubeconfig, await nodeKubeconfig(options));
    await using strict = await openFakeApi(() => ({ kubeconfig }));
    assert.equal((await strict.curl('/pods', ...bearer('good-8'))).status, 401);
    assert.deepEqual(asked, []);
  });
});

describe('a kubeconfig', () => {
  const text = (cluster: string, user: string) => `apiVersion: v1
kind: Config
preferences: {}
current-context: here
clusters: [{ name: k, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: here, context: { cluster: k, user: u, namespace: x } }]
`;

  it('gives its current context, with files meant from its folder', () => {
    const source = text('server: "https://k.example:6443/", certificate-authority: ca.crt', 'tokenFile: /run/token');
    assert.deepEqual(parseKubeconfig(source, '/etc/k/config'), {
      server: 'https://k.example:6443',
      authority: { file: '/etc/k/ca.crt' },
      serverName: undefined,
      insecure: false,
      certificate: undefined,
      key: undefined,
      token: { file: '/run/token' },
    });
  });

  it('is refused where it could not be obeyed', () => {
    const faults = [
      [text('server: "http://k.example"', ''), /no https URL/],
      [text('server: "https://k", proxy-url: "http://p"', ''), /proxy is not spoken to/],
      [text('server: "https://k"', 'exec: { command: x }'), /no programs are run/],
      [
        text('server: "https://k"', '').replace('current-context: here', 'current-context: there'),
        /no context "there"/,
      ],
      ['', /names no current-context/],
      ['a: [', /config/],
    ] as const;
    for (const [source, words] of faults) {
      assert.throws(() => parseKubeconfig(source, '/config'), { code: 'ERR_KUBELET_KUBECONFIG', message: words });
    }
  });

  it('of our own making is read again', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const pki = await openNodePki({ folder: join(folder.path, 'pki'), nodeName: 'n' });
    const made = await nodeKubeconfig({ pki, nodeName: 'n', server: 'https://n:10250' });
    const { certificate, key, authority } = parseKubeconfig(made, '/x');
    assert.deepEqual(certificate, { pem: await readFile(pki.paths.client, 'utf8') });
    assert.deepEqual(key, { pem: await readFile(pki.paths.clientKey, 'utf8') });
    assert.deepEqual(authority, { pem: pki.authority });
  });
});
