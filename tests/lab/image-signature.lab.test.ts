/** Signed checkpoint images in a real registry, and the policy that asks for the signatures. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { execute } from '@stillframe/demo/stage';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));
const ARCHIVE = fileURLToPath(new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url));

describe('signed images', needs('docker-registry', 'skopeo'), () => {
  let folder: TemporaryFolder;
  let registry: RunningRegistry;
  let image: string;
  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    registry = await startRegistry();
    image = `${registry.address}/team/counter:1`;
    for (const name of ['mine', 'theirs']) await stillframe('key', 'generate', at(name));
    await stillframe('image', 'build', ARCHIVE, '-t', image, '--sign-key', at('mine.key'));
    await policy('trusting.json', 'mine.pub');
    await policy('strange.json', 'theirs.pub');
  });
  after(async () => {
    await registry?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const at = (name: string) => join(folder.path, name);
  const stillframe = (...args: string[]) => execute([process.execPath, PROGRAM, ...args]);
  const policy = (name: string, key: string) => {
    const required = { type: 'sigstoreSigned', keyPath: at(key) };
    const transports = { docker: { [registry.address]: [required] } };
    return writeFile(at(name), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }], transports }));
  };
  /** A signature as it lies in the registry, by tools that know nothing of ours: Debian's skopeo does not check any. */
  const opensslVerifies = async (reference: string, key: string) => {
    const source = `docker://${reference}`;
    const inspect = ['skopeo', 'inspect', '--raw', '--tls-verify=false'];
    const digest = createHash('sha256')
      .update((await execute([...inspect, source])).stdout)
      .digest('hex');
    const signatures = `docker://${reference.replace(/:[^:/]*$/, '')}:sha256-${digest}.sig`;
    await rm(at('sig'), { recursive: true, force: true });
    await execute(['skopeo', '--insecure-policy', 'copy', '--src-tls-verify=false', signatures, `dir:${at('sig')}`]);
    const { layers } = JSON.parse(await readFile(at('sig/manifest.json'), 'utf8'));
    const [{ digest: blob, annotations }] = layers;
    await writeFile(at('sig/bytes'), Buffer.from(annotations['dev.cosignproject.cosign/signature'], 'base64'));
    const payload = at(`sig/${blob.replace('sha256:', '')}`);
    const { critical } = JSON.parse(await readFile(payload, 'utf8'));
    assert.equal(critical.image['docker-manifest-digest'], `sha256:${digest}`);
    assert.equal(critical.identity['docker-reference'], reference);
    return execute(['openssl', 'dgst', '-sha256', '-verify', at(key), '-signature', at('sig/bytes'), payload]);
  };

  test('a pair of keys is private, told, and never written over', async () => {
    assert.equal((await stat(at('mine.key'))).mode & 0o777, 0o600);
    await assert.rejects(stillframe('key', 'generate', at('mine')), /ERR_KEY_EXISTS/);
    const { stdout } = await execute(['openssl', 'pkey', '-in', at('mine.key'), '-pubout']);
    assert.equal(stdout, await readFile(at('mine.pub'), 'utf8'));
  });

  test('one that a trusted key has signed is pulled, read and extracted', async () => {
    await stillframe('image', 'pull', image, `oci:${at('pulled')}:1`, '--policy', at('trusting.json'));
    await stillframe('inspect', image, '--policy', at('trusting.json'));
    await stillframe('image', 'extract', image, at('out.tar'), '--policy', at('trusting.json'));
    assert.ok((await readFile(at('out.tar'))).equals(await readFile(ARCHIVE)));
    assert.equal((await opensslVerifies(image, 'mine.pub')).stdout, 'Verified OK\n');
    await assert.rejects(opensslVerifies(image, 'theirs.pub'));
  });

  test('one that another key has signed, or nobody, is refused before anything of it is used', async () => {
    const refused =
      /counter:1 \(sha256:[0-9a-f]{64}\) is refused by the policy for docker "127\.0\.0\.1:\d+": signature 1 is by none of the keys.*ERR_OCI_IMAGE_REFUSED/s;
    const commands = [
      ['image', 'pull', image, `oci:${at('none')}:1`],
      ['image', 'extract', image, at('none.tar')],
      ['image', 'inspect', image],
      ['inspect', image],
      ['restore', image],
    ];
    for (const command of commands)
      await assert.rejects(stillframe(...command, '--policy', at('strange.json')), refused);
    for (const name of ['none', 'none.tar']) await assert.rejects(stat(at(name)), /ENOENT/);

    const bare = `${registry.address}/team/bare:1`;
    await stillframe('image', 'build', ARCHIVE, '-t', bare);
    await assert.rejects(
      stillframe('inspect', bare, '--policy', at('trusting.json')),
      /a signature is required, and it has none/,
    );
    await stillframe('inspect', bare, '--policy', at('trusting.json'), '--insecure-policy').catch((error: Error) =>
      assert.match(error.message, /ERR_USAGE_ARGUMENT/),
    );
    await stillframe('image', 'sign', bare, '--key', at('mine.key'));
    await stillframe('inspect', bare, '--policy', at('trusting.json'));
    assert.equal((await opensslVerifies(bare, 'mine.pub')).stdout, 'Verified OK\n');
  });

  test('a tag that was moved to another image is refused, though that is signed under its own name', async () => {
    const other = `${registry.address}/team/counter:2`;
    await stillframe('image', 'build', ARCHIVE, '-t', other, '--index', '--sign-key', at('mine.key'));
    await execute([
      'skopeo',
      '--insecure-policy',
      'copy',
      '--all',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${other}`,
      `docker://${image}`,
    ]);
    await assert.rejects(
      stillframe('inspect', image, '--policy', at('trusting.json')),
      /calls it 127\.0\.0\.1:\d+\/team\/counter:2, which is not what was asked for/,
    );
    await stillframe('inspect', other, '--policy', at('trusting.json'));
    await stillframe('image', 'build', ARCHIVE, '-t', image, '--sign-key', at('mine.key'));
  });

  test('signatures go with a copy, for whom they were made, and others are added', async () => {
    const copy = `${registry.address}/other/counter:1`;
    await stillframe('image', 'copy', image, copy, '--sign-key', at('theirs.key'), '--policy', at('trusting.json'));
    await stillframe('inspect', copy, '--policy', at('strange.json'));
    await assert.rejects(
      stillframe('inspect', copy, '--policy', at('trusting.json')),
      /signature 1 calls it .*team\/counter:1.*; signature 2 is by none/,
    );
    const layout = `oci:${at('signed-layout')}:1`;
    await assert.rejects(
      stillframe('image', 'pull', image, layout, '--sign-key', at('mine.key')),
      /ERR_USAGE_ARGUMENT.*--sign-identity/s,
    );
    await stillframe('image', 'pull', image, layout);
    const demanding = [
      {
        type: 'sigstoreSigned',
        keyPath: at('mine.pub'),
        signedIdentity: { type: 'exactReference', dockerReference: image },
      },
    ];
    await writeFile(at('layout.json'), JSON.stringify({ default: demanding }));
    await stillframe('inspect', layout, '--policy', at('layout.json'));
  });

  test('signatures end with their image', async () => {
    const layout = `oci:${at('ending')}`;
    await stillframe('image', 'pull', image, `${layout}:1`);
    await stillframe('image', 'copy', `${layout}:1`, `${layout}:2`);
    const tags = async () => {
      const { manifests } = JSON.parse(await readFile(at('ending/index.json'), 'utf8')) as {
        manifests: { annotations?: Record<string, string> }[];
      };
      return manifests.flatMap(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? []);
    };
    assert.equal((await tags()).filter((tag: string) => tag.endsWith('.sig')).length, 1);
    await stillframe('image', 'rm', `${layout}:1`);
    assert.equal((await tags()).length, 2, 'another name needs them');
    await stillframe('image', 'rm', `${layout}:2`);
    assert.deepEqual(await tags(), []);
  });

  test('a policy that is not there, or says what nobody understands, lets nothing in', async () => {
    await assert.rejects(stillframe('inspect', image, '--policy', at('missing.json')), /ERR_FILE_UNREADABLE/);
    await writeFile(at('odd.json'), '{"default":[{"type":"trustMe"}]}');
    await assert.rejects(stillframe('inspect', image, '--policy', at('odd.json')), /ERR_OCI_POLICY_INVALID/);
  });
});

describe('a node with a signature policy', needs('checkpoint', 'docker-registry'), () => {
  let folder: TemporaryFolder;
  let lab: CriLab;
  const at = (name: string) => join(folder.path, name);
  const stillframe = (...args: string[]) => execute([process.execPath, PROGRAM, ...args]);
  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    await writeFile(at('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
    await writeFile(at('node.yaml'), `images:\n  signaturePolicy: ${at('policy.json')}\n`);
    process.env['STILLFRAME_CONFIG'] = at('node.yaml');
    lab = await openCriLab();
  });
  after(async () => {
    delete process.env['STILLFRAME_CONFIG'];
    await lab?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  test('pulls what it lets in, by whatever way an image is asked for, and nothing where it cannot be read', async () => {
    await stillframe('key', 'generate', at('mine'));
    const transports = {
      docker: { [`${lab.registry}/strict`]: [{ type: 'sigstoreSigned', keyPath: at('mine.pub') }] },
    };
    const policy = { default: [{ type: 'insecureAcceptAnything' }], transports };
    await writeFile(at('policy.json'), JSON.stringify(policy));
    const image = `${lab.registry}/strict/counter:1`;
    await stillframe('image', 'build', ARCHIVE, '-t', image);
    const pull = () => lab.cri.image.pullImage({ image: { image } });
    await assert.rejects(
      pull(),
      /strict\/counter:1 \(sha256:[0-9a-f]{64}\) is refused by the policy for docker "127.*a signature is required/,
    );
    await stillframe('image', 'sign', image, '--key', at('mine.key'));
    await pull();
    await lab.cri.image.removeImage({ image: { image } });
    await writeFile(at('policy.json'), '{');
    await assert.rejects(pull(), /is no JSON/);
  });
});
