/** Registries that speak TLS with a certificate of an authority that nobody but their users knows. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needs, type RegistrySettings, startRegistry } from '@stillframe/testkit';
import { atDesk, type Desk, FIXTURE } from '../image/desk.fixture.ts';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** An authority with a server's and a client's certificate, as files `ca.crt`, `server.crt`, `client.crt` with their keys. */
async function issue(folder: string): Promise<(name: string) => string> {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-subj',
    '/CN=an authority',
    '-days',
    '2',
  );
  for (const [name, purpose] of [
    ['server', 'serverAuth'],
    ['client', 'clientAuth'],
  ]) {
    const extensions = at(`${name}.ext`);
    await writeFile(extensions, `subjectAltName=IP:127.0.0.1\nextendedKeyUsage=${purpose}\n`);
    const [request, own] = [at(`${name}.csr`), at(`${name}.key`)];
    openssl('req', ...key, '-keyout', own, '-out', request, '-subj', `/CN=${name}`);
    const signed = [
      '-CA',
      at('ca.crt'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      extensions,
    ];
    openssl('x509', '-req', '-in', request, ...signed, '-out', at(`${name}.crt`));
  }
  return at;
}

interface Bench extends Desk {
  address: string;
  /** Files of the authority. */
  issued(name: string): string;
  /** Copies a file of it to where it is looked for, below the home. */
  lay(name: string, as: string): Promise<void>;
  pushed(...options: string[]): Promise<unknown>;
}

async function withRegistry(settings: { clients?: true; users?: string }, use: (bench: Bench) => Promise<void>) {
  await atDesk(async (desk) => {
    const issued = await issue(desk.at('.'));
    const tls: RegistrySettings['tls'] = {
      certificate: issued('server.crt'),
      key: issued('server.key'),
      ...(settings.clients ? { clients: issued('ca.crt') } : {}),
    };
    await using registry = await startRegistry({ tls });
    const { address } = registry;
    await copyFile(FIXTURE, desk.at('a.tar'));
    const lay = async (name: string, as: string) => {
      const to = await desk.write(`.config/containers/certs.d/${address}/${as}`, '');
      await copyFile(issued(name), to);
    };
    const pushed = (...options: string[]) => desk.run('build', desk.at('a.tar'), `${address}/a/b:1`, ...options);
    await use({ ...desk, address, issued, lay, pushed });
  });
}

describe('a registry with a certificate of its own authority', needs('docker-registry'), () => {
  it('is trusted once that lies in certs.d, and not before', () =>
    withRegistry({}, async ({ address, run, lay, pushed, at, write }) => {
      await assert.rejects(pushed('--tls-verify=true'), {
        code: 'ERR_OCI_REGISTRY_UNTRUSTED',
        message: /certificate is not trusted/,
        hint: /ca\.crt/,
      });
      await lay('ca.crt', 'ca.crt');
      await pushed();
      assert.equal((await run('extract', `${address}/a/b:1`, at('out.tar'))).code, 0);
      await write(`.config/containers/certs.d/${address}/ca.crt`, 'no certificate');
      await pushed().then(
        () => assert.fail('a file that is no certificate is passed over'),
        (error) => assert.match(error.code, /^ERR_(?:REGISTRY_CERTIFICATES|OCI_REGISTRY_UNTRUSTED)$/),
      );
    }));

  it('is trusted by a folder that is named, for one command', () =>
    withRegistry({}, async ({ issued, pushed, write, at }) => {
      const folder = await write('mine/ca.crt', '');
      await copyFile(issued('ca.crt'), folder);
      await pushed('--cert-dir', at('mine'));
      await assert.rejects(pushed('--cert-dir', at('nowhere')), { code: 'ERR_REGISTRY_CERTIFICATES' });
    }));

  it('is taken as it is where verification is switched off, by option or by configuration', () =>
    withRegistry({}, async ({ address, run, pushed, write, at }) => {
      await pushed('--tls-verify=false');
      const conf = await write('insecure.conf', `[[registry]]\nlocation = "${address}"\ninsecure = true`);
      assert.equal((await run('extract', `${address}/a/b:1`, at('out.tar'), '--registries-conf', conf)).code, 0);
      // The option wins over the file.
      const strict = run('inspect', `${address}/a/b:1`, '--registries-conf', conf, '--tls-verify', 'true');
      await assert.rejects(strict, { code: 'ERR_OCI_REGISTRY_UNTRUSTED' });
      await using plain = await startRegistry();
      const other = `${plain.address}/a/b:1`;
      await run('copy', `${address}/a/b:1`, other, '--src-tls-verify=false', '--dest-tls-verify=false');
      await assert.rejects(run('inspect', other, '--tls-verify=true'), { message: /does not speak TLS/ });
    }));

  it('that asks for a client’s certificate is shown it, and nobody without one is let in', () =>
    withRegistry({ clients: true }, async ({ lay, pushed }) => {
      await lay('ca.crt', 'ca.crt');
      await assert.rejects(pushed(), (error: Error & { code: string; hint: string }) => {
        assert.match(error.code, /^ERR_OCI_REGISTRY_(?:UNTRUSTED|BROKEN)$/);
        return true;
      });
      await lay('client.crt', 'client.cert');
      await assert.rejects(pushed(), { code: 'ERR_REGISTRY_CERTIFICATES', message: /without client\.key/ });
      await lay('client.key', 'client.key');
      await pushed();
    }));
});
