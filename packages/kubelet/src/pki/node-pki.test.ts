import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { openNodePki, pkiPaths } from './node-pki.ts';

const DAY = 86_400_000;
const FILES = [
  'apiserver-kubelet-client.crt',
  'apiserver-kubelet-client.key',
  'ca.crt',
  'ca.key',
  'server.crt',
  'server.key',
];

describe('the PKI of a node', () => {
  let folder: TemporaryFolder;
  let options: { folder: string; nodeName: string };
  beforeEach(async () => {
    folder = await openTemporaryFolder(tmpdir());
    options = { folder: join(folder.path, 'pki'), nodeName: 'node-1' };
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const contents = async () =>
    Object.fromEntries(
      await Promise.all(FILES.map(async (name) => [name, await readFile(join(options.folder, name), 'utf8')])),
    );

  it('is six files under the names of Kubernetes, closed to everybody else', async () => {
    await openNodePki(options);
    assert.deepEqual((await readdir(options.folder)).sort(), FILES);
    assert.equal((await stat(options.folder)).mode & 0o777, 0o700);
    for (const name of FILES.filter((file) => file.endsWith('.key'))) {
      assert.equal((await stat(join(options.folder, name))).mode & 0o777, 0o600, name);
    }
  });

  it('satisfies openssl: chain, purposes, names', async () => {
    const { paths } = await openNodePki({ ...options, addresses: ['10.1.2.3', 'node-1.example'] });
    const verify = (purpose: string, file: string) =>
      execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', paths.authority, '-purpose', purpose, file]);
    verify('sslserver', paths.server);
    verify('sslclient', paths.client);
    assert.throws(() => verify('sslclient', paths.server));
    assert.throws(() => verify('sslserver', paths.client));
    const server = new X509Certificate(await readFile(paths.server));
    for (const name of ['localhost', 'node-1.example']) assert.equal(server.checkHost(name), name);
    for (const address of ['127.0.0.1', '::1', '10.1.2.3']) assert.ok(server.checkIP(address), address);
    const client = new X509Certificate(await readFile(paths.client));
    assert.equal(client.subject, 'O=system:masters\nCN=stillframe:admin');
  });

  it('is the same at the next start', async () => {
    await openNodePki(options);
    const first = await contents();
    await openNodePki(options);
    assert.deepEqual(await contents(), first);
  });

  it('renews certificates thirty days before they end, for the same keys and authority', async () => {
    const now = new Date();
    await openNodePki({ ...options, now });
    const first = await contents();
    await openNodePki({ ...options, now: new Date(now.getTime() + 334 * DAY) });
    assert.deepEqual(await contents(), first);
    await openNodePki({ ...options, now: new Date(now.getTime() + 336 * DAY) });
    const second = await contents();
    const changed = FILES.filter((name) => first[name] !== second[name]);
    assert.deepEqual(changed, ['apiserver-kubelet-client.crt', 'server.crt']);
  });

  it('renews an authority that ends; certificates of before still verify, since its key is the same', async () => {
    const now = new Date();
    const { authority, server } = await openNodePki({ ...options, now });
    const later = await openNodePki({ ...options, now: new Date(now.getTime() + 3640 * DAY) });
    assert.notEqual(later.authority, authority);
    assert.ok(new X509Certificate(server).verify(new X509Certificate(later.authority).publicKey));
  });

  it('is completed by the next start, whichever files a killed one left', async () => {
    await openNodePki(options);
    const whole = await contents();
    // Files are made in this order; a start killed after n of them leaves the first n.
    const order = Object.values(pkiPaths('')).toSorted((a, b) => rank(a) - rank(b));
    for (let n = 0; n <= order.length; n++) {
      for (const [index, path] of order.entries()) {
        const name = basename(path);
        if (index < n) await writeFile(join(options.folder, name), whole[name] ?? '', { mode: 0o600 });
        else await rm(join(options.folder, name), { force: true });
      }
      const { paths } = await openNodePki(options);
      execFileSync('openssl', ['verify', '-CAfile', paths.authority, paths.server, paths.client]);
    }
  });

  it('is one PKI when several starts make it at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => openNodePki(options)));
    const { paths } = await openNodePki(options);
    execFileSync('openssl', ['verify', '-CAfile', paths.authority, paths.server, paths.client]);
    assert.deepEqual((await readdir(options.folder)).sort(), FILES);
  });

  it('gets a new server certificate for a new address', async () => {
    const { server } = await openNodePki(options);
    const later = await openNodePki({ ...options, addresses: ['192.0.2.7'] });
    assert.notEqual(later.server, server);
    assert.ok(new X509Certificate(later.server).checkIP('192.0.2.7'));
  });

  it('replaces a damaged certificate, but never a damaged key', async () => {
    const { paths } = await openNodePki(options);
    await writeFile(paths.server, 'garbage');
    execFileSync('openssl', ['verify', '-CAfile', paths.authority, (await openNodePki(options)).paths.server]);
    await writeFile(paths.authorityKey, 'garbage');
    await assert.rejects(openNodePki(options), { code: 'ERR_KUBELET_PKI_DAMAGED' });
  });

  it('refuses a relative folder', async () => {
    await assert.rejects(openNodePki({ ...options, folder: 'pki' }), { code: 'ERR_KUBELET_PATH_RELATIVE' });
  });
});

/** Keys before their certificates, the authority before what it signs. */
function rank(path: string): number {
  return ['ca.key', 'ca.crt', 'server.key', 'server.crt', 'apiserver-kubelet-client.key'].indexOf(path) >>> 0;
}
