/** Encrypted images between us and skopeo, over layouts and a real registry, and sealed archives between us and age. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { execute } from '@stillframe/demo/stage';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url));

const stillframe = (...args: string[]) => execute([process.execPath, PROGRAM, ...args]);

describe('encrypted images and skopeo', needs('docker-registry', 'skopeo'), () => {
  let folder: string;
  let registry: RunningRegistry;
  const at = (name: string) => join(folder, name);
  const skopeo = (...args: string[]) =>
    execute(['skopeo', '--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...args]);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stillframe-encryption-'));
    registry = await startRegistry();
    await copyFile(FIXTURE, at('a.tar'));
    await chmod(at('a.tar'), 0o600);
    const pairs = {
      rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
      ec: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    };
    for (const [name, { publicKey, privateKey }] of Object.entries(pairs)) {
      await writeFile(at(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
      await writeFile(at(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    }
    await stillframe('image', 'build', at('a.tar'), `oci:${at('plain')}:v1`);
  });
  after(async () => {
    await registry?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The archive in a layout, whose one large blob it is, whatever a tool did to it. */
  async function archiveIn(layout: string): Promise<Buffer> {
    const names = await readdir(at(`${layout}/blobs/sha256`));
    const blobs = await Promise.all(names.map((name) => readFile(at(`${layout}/blobs/sha256/${name}`))));
    const [largest] = blobs.sort((a, b) => b.length - a.length);
    assert.ok(largest);
    return largest.readUInt16BE(0) === 0x1f8b ? gunzipSync(largest) : largest;
  }

  for (const [name, keys] of [
    ['an RSA key', ['rsa']],
    ['an EC key', ['ec']],
    ['either of two keys', ['rsa', 'ec']],
  ] as const) {
    const given = () => keys.flatMap((key) => ['--encryption-key', `jwe:${at(`${key}.pub`)}`]);
    const slug = keys.join('-');

    test(`skopeo decrypts what we encrypted for ${name}`, async () => {
      await stillframe('image', 'build', at('a.tar'), `oci:${at(`ours-${slug}`)}:v1`, ...given());
      const reference = `${registry.address}/ours/${slug}:1`;
      await stillframe('image', 'push', `oci:${at('plain')}:v1`, reference, ...given());
      for (const key of keys) {
        for (const [place, from] of [
          ['layout', `oci:${at(`ours-${slug}`)}:v1`],
          ['registry', `docker://${reference}`],
        ] as const) {
          const out = `theirs-${slug}-${key}-${place}`;
          await skopeo('--decryption-key', at(`${key}.pem`), from, `oci:${at(out)}:v1`);
          assert.ok((await archiveIn(out)).equals(await readFile(FIXTURE)), out);
        }
      }
    });

    test(`we decrypt what skopeo encrypted for ${name}, also by ranges where it lies`, async () => {
      const layout = `oci:${at(`skopeo-${slug}`)}:v1`;
      const reference = `${registry.address}/skopeo/${slug}:1`;
      await skopeo(...given(), `oci:${at('plain')}:v1`, layout);
      await skopeo(...given(), `oci:${at('plain')}:v1`, `docker://${reference}`);
      for (const [place, from] of [
        ['layout', layout],
        ['registry', reference],
      ] as const) {
        await assert.rejects(stillframe('image', 'extract', from, at('none.tar')), /ERR_OCI_LAYER_ENCRYPTED/);
        for (const key of keys) {
          const out = at(`back-${slug}-${key}-${place}.tar`);
          const found = await stillframe('search', from, 's3cr3t', '--decryption-key', at(`${key}.pem`));
          assert.match(found.stdout, /TOKEN=s3cr3t/);
          await stillframe(
            'image',
            'pull',
            from,
            `oci:${at('pulled')}:${slug}-${key}-${place}`,
            '--decryption-key',
            at(`${key}.pem`),
          );
          await stillframe('image', 'extract', from, out, '--decryption-key', at(`${key}.pem`));
          // skopeo compresses layers of a layout on its way to anywhere.
          const bytes = await readFile(out);
          const archive = bytes.readUInt16BE(0) === 0x1f8b ? gunzipSync(bytes) : bytes;
          assert.ok(archive.equals(await readFile(FIXTURE)), out);
        }
      }
    });
  }

  test('what we pushed encrypted is searched in the registry, and comes back byte for byte', async () => {
    const reference = `${registry.address}/ours/whole:1`;
    await stillframe('image', 'build', at('a.tar'), reference, '--encryption-key', `jwe:${at('ec.pub')}`);
    const { stdout } = await stillframe('search', reference, 's3cr3t', '--decryption-key', at('ec.pem'));
    assert.match(stdout, /TOKEN=s3cr3t/);
    await stillframe('image', 'extract', reference, at('whole.tar'), '--decryption-key', at('ec.pem'));
    assert.ok((await readFile(at('whole.tar'))).equals(await readFile(FIXTURE)));
  });
});

test('age opens what we sealed, we what age sealed, each for several recipients', needs('age'), async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-age-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  await mkdir(at('out'));
  const recipients: string[] = [];
  for (const name of ['ada', 'bob']) {
    await execute(['age-keygen', '-o', at(name)]);
    recipients.push((await execute(['age-keygen', '-y', at(name)])).stdout.trim());
  }
  await writeFile(at('recipients'), `# those who read\n${recipients.join('\n')}\n`);
  await copyFile(FIXTURE, at('a.tar'));
  await stillframe('seal', at('a.tar'), '--recipients-file', at('recipients'));
  await execute(['age', '-R', at('recipients'), '-o', at('theirs.tar.age'), at('a.tar')]);
  for (const name of ['ada', 'bob']) {
    await execute(['age', '-d', '-i', at(name), '-o', at(`out/${name}`), at('a.tar.age')]);
    assert.ok((await readFile(at(`out/${name}`))).equals(await readFile(FIXTURE)));
    const { stdout } = await stillframe('search', at('theirs.tar.age'), 's3cr3t', '--identity', at(name));
    assert.match(stdout, /TOKEN=s3cr3t/);
    await stillframe('unseal', at('theirs.tar.age'), '--identity', at(name), '-o', at(`out/${name}.tar`));
    assert.ok((await readFile(at(`out/${name}.tar`))).equals(await readFile(FIXTURE)));
  }
});
