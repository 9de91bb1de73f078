/** Every status that the API answers, one row each. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FakeApi, openFakeApi } from './fake-api.ts';
import { eventually, fakeWithoutCheckpoints, runtime, untilAborted } from './fake-runtime.ts';
import type { KubeletApiOptions } from './options.ts';

const PATH = '/checkpoint/default/counters/counter';
const JANE = ['--no-cert', '-H', 'Authorization: Bearer jane-token'];
const POST = ['-X', 'POST'];

interface Row {
  status: number;
  what: string;
  path?: string;
  more?: string[];
  body: string | RegExp;
  options?: Partial<KubeletApiOptions>;
  services?: Parameters<typeof openFakeApi>[1];
  before?: (api: FakeApi) => unknown;
}

const failed = (reason: string) => `checkpointing of default/counters/counter failed (${reason})`;
const ROWS: readonly Row[] = [
  { status: 200, what: 'a capture', body: /^\{"items":\["\/.*\.tar"\]\}$/ },
  { status: 400, what: 'a path with a bad escape', path: '/checkpoint/default/counters/%zz', body: 'Bad Request' },
  {
    status: 400,
    what: 'an option of our own that makes no sense',
    path: `${PATH}?rootfs=x`,
    body: /^rootfs is neither/,
  },
  {
    status: 400,
    what: 'one that this runtime lacks',
    path: `${PATH}?rootfs=live`,
    body: 'fake has no choice of rootfs',
  },
  {
    status: 400,
    what: 'a pause that is no time',
    path: `${PATH}?maxPause=soon`,
    body: 'maxPause is no time up to an hour, as 500ms or 2s',
  },
  {
    status: 400,
    what: 'a word for what is over a budget that there is not',
    path: `${PATH}?maxPause=1s&overBudget=go`,
    body: 'overBudget is none of refuse, abort, proceed',
  },
  { status: 400, what: 'that word alone', path: `${PATH}?overBudget=abort`, body: 'overBudget needs maxPause' },
  {
    status: 400,
    what: 'a pause budget that this runtime would pass over',
    path: `${PATH}?maxPause=500ms`,
    body: 'fake has no choice of maxPause',
  },
  { status: 401, what: 'no proof of a name', more: ['--no-cert'], body: 'Unauthorized' },
  {
    status: 401,
    what: 'a token that nobody knows',
    more: ['--no-cert', '-H', 'Authorization: Bearer guess'],
    body: 'Unauthorized',
  },
  {
    status: 403,
    what: 'a user without the right',
    more: JANE,
    body: 'Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[checkpoint])\n',
  },
  {
    status: 403,
    what: 'the same user elsewhere',
    path: '/pods',
    more: [...JANE, '-X', 'GET'],
    body: 'Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  },
  { status: 404, what: 'an unknown pod', path: '/checkpoint/default/none/counter', body: 'pod does not exist' },
  {
    status: 404,
    what: 'an unknown container',
    path: '/checkpoint/default/counters/none',
    body: 'container none does not exist',
  },
  {
    status: 404,
    what: 'a time that is none',
    path: `${PATH}?timeout=x`,
    body: 'cannot parse value of timeout parameter',
  },
  { status: 404, what: 'no such path', path: '/nowhere', body: '404 page not found\n' },
  {
    status: 404,
    what: 'the feature gate is off',
    options: { featureGates: { ContainerCheckpoint: false } },
    body: '404 page not found\n',
  },
  { status: 405, what: 'GET', more: ['-X', 'GET'], body: '405: Method Not Allowed' },
  { status: 405, what: 'PUT', more: ['-X', 'PUT'], body: '405: Method Not Allowed' },
  { status: 405, what: 'POST to what is only read', path: '/pods', body: '405: Method Not Allowed' },
  {
    status: 413,
    what: 'a body that is too large',
    more: ['-H', 'Content-Length: 2000000', '--data-binary', 'x'],
    body: 'Request Entity Too Large\n',
  },
  { status: 414, what: 'a target that is too long', path: `${PATH}?${'x'.repeat(9000)}`, body: 'URI Too Long\n' },
  {
    status: 429,
    what: 'a user that asks too often',
    options: { limits: { requests: { perSecond: 0.01, burst: 1 } } },
    before: (api) => api.curl('/healthz'),
    body: 'Too many requests, please try again later.\n',
  },
  {
    status: 429,
    what: 'an address that is refused too often',
    more: ['--no-cert'],
    options: { limits: { failures: { perSecond: 0.01, burst: 1 } } },
    before: (api) => api.curl('/healthz', '--no-cert'),
    body: 'Too many requests, please try again later.\n',
  },
  {
    status: 200,
    what: 'who has a name at that address all the same',
    options: { limits: { failures: { perSecond: 0.01, burst: 1 } } },
    before: (api) => Promise.all([1, 2, 3].map(() => api.curl('/healthz', '--no-cert'))),
    body: /^\{"items"/,
  },
  {
    status: 429,
    what: 'too many captures at a time',
    options: { limits: { checkpoints: 1 } },
    before: async (api) => {
      runtime.capture = untilAborted;
      void api.curl('/checkpoint/default/etcd-node.example.com/etcd', ...POST).catch(() => undefined);
      await eventually(() => runtime.busy === 1);
    },
    body: 'Too many requests, please try again later.\n',
  },
  {
    status: 500,
    what: 'the runtime says no',
    before: () => {
      runtime.capture = () => Promise.reject(new Error('checkpoint/restore support not available'));
    },
    body: failed('rpc error: code = Unknown desc = checkpoint/restore support not available'),
  },
  {
    status: 500,
    what: 'the runtime lacks the RPC',
    services: [fakeWithoutCheckpoints],
    body: /^checkpointing of default\/counters\/counter failed \(rpc error: code = Unimplemented desc = /,
  },
  {
    status: 500,
    what: 'the time is over',
    path: `${PATH}?timeout=1`,
    before: () => {
      runtime.capture = untilAborted;
    },
    body: failed('rpc error: code = DeadlineExceeded desc = context deadline exceeded'),
  },
  {
    status: 500,
    what: 'a time below zero',
    path: `${PATH}?timeout=-1`,
    body: failed('CheckpointContainer requires the timeout value to be > 0'),
  },
  {
    status: 500,
    what: 'who may do what cannot be found out',
    more: JANE,
    options: { authentication: { webhook: false } },
    before: (api) => writeFile(join(api.folder, 'kubeconfig'), 'nonsense'),
    body: 'Authorization error (user=jane, verb=create, resource=nodes, subresource=checkpoint)',
  },
  {
    status: 500,
    what: 'an upgrade that is none',
    path: '/exec/default/counters/counter?output=1',
    body: /^Upgrade request/,
  },
];

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: c
clusters: [{ name: k, cluster: { server: "https://127.0.0.1:1" } }]
contexts: [{ name: c, context: { cluster: k } }]
`;

for (const { status, what, path = PATH, more = [], body, options, services, before } of ROWS) {
  test(`${status}: ${what}`, async () => {
    const withFiles = async (folder: string) => {
      await writeFile(join(folder, 'tokens.csv'), 'jane-token,jane,1,readers\n', { mode: 0o600 });
      await writeFile(join(folder, 'kubeconfig'), KUBECONFIG);
      const asks = options?.authentication?.webhook === false;
      const authentication = { tokenFile: join(folder, 'tokens.csv'), ...options?.authentication };
      return { ...options, authentication, ...(asks ? { kubeconfig: join(folder, 'kubeconfig') } : {}) };
    };
    await using api = await openFakeApi(withFiles, services);
    await before?.(api);
    const answer = await api.curl(path, ...(more.includes('-X') ? more : [...POST, ...more]));
    assert.equal(answer.status, status, answer.body);
    if (typeof body === 'string') assert.equal(answer.body, body);
    else assert.match(answer.body, body);
  });
}

test('503: while the server is ending', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let told = false;
  const onCheckpoint = () => {
    told = true;
    return held;
  };
  await using api = await openFakeApi(() => ({ onCheckpoint }));
  const asking = api.curl(PATH, ...POST).catch(() => undefined);
  await eventually(() => told);
  const ending = api.api[Symbol.asyncDispose]();
  const { status, body } = await api.curl('/healthz');
  release();
  await Promise.all([ending, asking]);
  assert.deepEqual([status, body], [503, 'the server is ending\n']);
  await assert.rejects(api.curl('/healthz'), 'nobody listens any more');
});
