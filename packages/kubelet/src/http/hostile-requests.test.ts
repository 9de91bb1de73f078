/** Requests that are made to be misunderstood, and certificates that are made to be mistaken, over a real connection. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { type FakeApi, openFakeApi } from '../fake-api.ts';
import { runtime } from '../fake-runtime.ts';
import { openNodePki } from '../pki/node-pki.ts';

const openssl = (...words: string[]) => promisify(execFile)('openssl', words);

describe('a server that is asked by somebody hostile', () => {
  let api: FakeApi;
  before(async () => {
    api = await openFakeApi();
  });
  after(() => api[Symbol.asyncDispose]());

  /** Status lines of all answers to bytes that the administrator's own client sends. */
  const statuses = async (...parts: string[]): Promise<number[]> => {
    const text = (path: string) => readFile(path, 'utf8');
    const [cert, key] = [await text(api.api.pki.client), await text(api.api.pki.clientKey)];
    const socket = connect({ port: api.api.address.port, host: '127.0.0.1', rejectUnauthorized: false, cert, key });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    let said = '';
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    for (const part of parts) socket.write(part, 'latin1');
    await Promise.race([closed, delay(1500)]);
    socket.destroy();
    return [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  };
  const SMUGGLED = 'POST /checkpoint/default/counters/counter HTTP/1.1\r\nHost: x\r\n\r\n';
  const head = (...lines: string[]) => `${['POST /healthz HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;

  const SMUGGLING: readonly [string, string][] = [
    ['two lengths', head('Content-Length: 0', `Content-Length: ${SMUGGLED.length}`)],
    ['a length and chunks', head(`Content-Length: ${SMUGGLED.length}`, 'Transfer-Encoding: chunked')],
    ['chunks that are spelt otherwise', head('Transfer-Encoding: xchunked')],
    ['chunks and more', head('Transfer-Encoding: chunked, identity')],
    ['a blank before the colon', head('Content-Length : 0')],
    ['a length with a sign', head('Content-Length: +0')],
    ['a folded header', head('X: a', ' Content-Length: 0')],
    ['a line feed alone', 'POST /healthz HTTP/1.1\nHost: x\n\n'],
    ['a NUL in a header', head('X: a\0b')],
    ['a chunk of a hostile size', `${head('Transfer-Encoding: chunked')}ffffffffffffffffff\r\n`],
  ];
  for (const [what, first] of SMUGGLING) {
    it(`refuses ${what}, and what follows with it`, async () => {
      runtime.requests = [];
      const answers = await statuses(first, SMUGGLED);
      assert.deepEqual(
        answers.filter((status) => status !== 400 && status !== 405),
        [],
        what,
      );
      assert.equal(runtime.requests.length, 0);
    });
  }

  const PATHS: readonly [string, number][] = [
    ['/checkpoint/../checkpoint/default/counters/counter', 404],
    ['/checkpoint/default/counters/..%2fcounter', 404],
    ['/checkpoint/default%2fcounters/counter', 404],
    ['/checkpoint/%2e%2e/%2e%2e/counter', 404],
    ['/checkpoint/default/counters/counter/', 404],
    ['//checkpoint/default/counters/counter', 404],
    ['/checkpoint//default/counters/counter', 404],
    ['/checkpoint/default/counters/counter%00', 404],
    ['/checkpoint/default/counters/counter%0d%0aX:1', 404],
    ['/checkpoint/default/counters/%c0%ae', 400],
    ['/checkpoint/default/counters/%', 400],
    ['/checkpoint/__proto__/constructor/toString', 404],
    ['/__proto__', 404],
    ['https://other/checkpoint/default/counters/counter', 404],
    ['/checkpoint/default/counters/counter?timeout=-1', 500],
    ...['1e99', 'NaN', 'Infinity', '0x10', '1.5', '99999999999999999999', '%20', ''].map((time): [string, number] => [
      `/checkpoint/default/counters/counter?timeout=${time}`,
      404,
    ]),
    [`/checkpoint/default/counters/${'c'.repeat(9000)}`, 414],
    ['/checkpoint/default/counters/counter?timeout=9223372036854775807', 200],
    ['/checkpoint/default/counters/counter?timeout=0', 200],
  ];
  for (const [path, status] of PATHS) {
    it(`answers ${status} to ${path.slice(0, 80)}`, async () => {
      runtime.requests = [];
      const earlier = await readdir(api.folder);
      assert.deepEqual(await statuses(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`), [status]);
      assert.equal(runtime.requests.length, status === 200 ? 1 : 0);
      assert.deepEqual((await readdir(api.folder)).sort(), [...new Set([...earlier, 'checkpoints'])].sort());
    });
  }

  it('does what is asked a thousand times in one breath once', async () => {
    runtime.requests = [];
    runtime.capture = () => delay(300);
    const answers = await statuses(...Array.from({ length: 150 }, () => SMUGGLED));
    assert.ok(answers.every((status) => status === 200 || status === 429));
    assert.ok(runtime.requests.length <= 2, String(runtime.requests.length));
    runtime.capture = async () => undefined;
  });

  describe('with a certificate', () => {
    const certificate = async (subject: string, days: string, pki = api.api.pki): Promise<string> => {
      const [request, made, use] = ['csr', 'crt', 'use'].map((name) => join(api.folder, `odd.${name}`)) as [
        string,
        string,
        string,
      ];
      await writeFile(use, 'extendedKeyUsage=clientAuth\n');
      await openssl('req', '-new', '-key', api.api.pki.clientKey, '-subj', subject, '-out', request);
      const signer = ['-CA', pki.authority, '-CAkey', join(pki.authority, '../ca.key'), '-set_serial', '7'];
      await openssl('x509', '-req', '-in', request, ...signer, '-days', days, '-extfile', use, '-out', made);
      return made;
    };
    const asked = async (file: string) =>
      (await api.curl('/pods', '--cert', file, '--key', api.api.pki.clientKey)).status;

    it('of our authority lets the administrators in, and nobody who has two names, none, or an empty one', async () => {
      assert.equal(await asked(await certificate('/O=system:masters/CN=ana', '1')), 200);
      assert.equal(await asked(await certificate('/CN=stillframe:admin/CN=jane/O=system:masters', '1')), 401);
      assert.equal(await asked(await certificate('/O=system:masters', '1')), 401);
      assert.equal(await asked(await certificate('/CN=system:masters', '1')), 403);
      assert.equal(await asked(await certificate('/CN=jane/OU=system:masters/O=system:masters ', '1')), 403);
      assert.equal(await asked(await certificate('/CN=a\u001b[2Jb', '1')), 403);
    });

    it('that has ended, or of another authority of the same name, proves nothing', async () => {
      assert.equal(await asked(await certificate('/O=system:masters/CN=ana', '-1')), 401);
      const folder = join(api.folder, 'other');
      const { paths } = await openNodePki({ folder, nodeName: 'node-1' });
      assert.equal(await asked(await certificate('/O=system:masters/CN=ana', '1', { ...api.api.pki, ...paths })), 401);
    });
  });
});
