import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bytesSource, type Digest, digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { putSmallImage } from '../content.suite.ts';
import { mediaTypes } from '../descriptor.ts';
import { Layout } from '../layout/index.ts';
import { parseReference } from '../reference.ts';
import { addSignature, readSignatures, signatureTag } from './attached.ts';
import { demandAllowed, matches } from './judge.ts';
import { parseSigningKey, parseVerifyingKey } from './keys.ts';
import { decodePayload, encodePayload } from './payload.ts';
import { parsePolicy } from './policy.ts';
import { requirementsFor, scopesOf } from './scope.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as Digest;
const OTHER = `sha256:${'b'.repeat(64)}` as Digest;
const IMAGE = 'registry.example:5000/team/web:1';
const docker = (text: string) => ({ transport: 'docker', reference: parseReference(text) }) as const;

const pem = (key: KeyObject, type: 'pkcs8' | 'spki') => Buffer.from(key.export({ type, format: 'pem' } as never));
const pair = (kind: 'ec' | 'ed25519' | 'rsa' = 'ec') => {
  const { privateKey, publicKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  return {
    signing: parseSigningKey(pem(privateKey, 'pkcs8'), 'a.key'),
    verifying: parseVerifyingKey(pem(publicKey, 'spki'), 'a.pub'),
    pem: pem(publicKey, 'spki'),
    secret: pem(privateKey, 'pkcs8'),
  };
};

describe('keys of signatures', () => {
  for (const kind of ['ec', 'ed25519', 'rsa'] as const) {
    it(`${kind}: what one signs, its other half confirms, and nothing else`, () => {
      const { signing, verifying } = pair(kind);
      const payload = new TextEncoder().encode('claim');
      const signature = signing.sign(payload);
      assert.equal(signing.id, verifying.id);
      assert.ok(verifying.verifies(payload, signature));
      assert.ok(!verifying.verifies(new TextEncoder().encode('claim!'), signature));
      assert.ok(!pair(kind).verifying.verifies(payload, signature));
      for (const bogus of [new Uint8Array(), new Uint8Array(5000), signature.subarray(1)])
        assert.ok(!verifying.verifies(payload, bogus));
    });
  }

  it('are refused by name, and without a word of what they are', () => {
    const { secret, pem: open } = pair();
    assert.throws(() => parseVerifyingKey(secret, 'a.pub'), /^StillframeError: a\.pub is a private key$/);
    assert.throws(() => parseSigningKey(open, 'a.key'), /is no private key/);
    const cosign = Buffer.from(
      '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nQQ==\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----',
    );
    assert.throws(() => parseSigningKey(cosign, 'cosign.key'), /cosign’s own way/);
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    assert.throws(() => parseVerifyingKey(pem(weak, 'spki'), 'weak.pub'), /not signed with/);
  });
});

describe('what is signed', () => {
  it('is read back as it was written, and cosign’s own form too', () => {
    const claim = { digest: DIGEST, reference: IMAGE };
    assert.deepEqual(decodePayload(encodePayload(claim, 'stillframe', 1)), claim);
    const cosign = `{"critical":{"identity":{"docker-reference":"r/a"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"cosign container image signature"},"optional":null}`;
    assert.deepEqual(decodePayload(Buffer.from(cosign)), { digest: DIGEST, reference: 'r/a' });
  });

  it('claims nothing where it is not exactly of that form', () => {
    const sound = JSON.parse(new TextDecoder().decode(encodePayload({ digest: DIGEST, reference: IMAGE }, 'x', 1)));
    const wrong: unknown[] = [
      [],
      { ...sound, more: 1 },
      { critical: sound.critical },
      { ...sound, critical: { ...sound.critical, type: 'atomic container signature' } },
      { ...sound, critical: { ...sound.critical, more: {} } },
      { ...sound, critical: { ...sound.critical, image: { 'docker-manifest-digest': 'sha256:1' } } },
    ];
    for (const each of wrong) assert.equal(typeof decodePayload(Buffer.from(JSON.stringify(each))), 'string');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.equal(typeof decodePayload(bytes), 'string')),
    );
  });
});

describe('a policy', () => {
  const parse = (value: unknown) => parsePolicy(JSON.stringify(value), 'policy.json');
  const accept = [{ type: 'insecureAcceptAnything' }];

  it('is refused where anything of it is not understood', () => {
    const wrong: [unknown, RegExp][] = [
      [{}, /has no member "default"/],
      [{ default: [] }, /at least one requirement/],
      [{ default: accept, extra: 1 }, /unknown member "extra"/],
      [{ default: [{ type: 'trustMe' }] }, /default\[0\] has the unknown type "trustMe"/],
      [{ default: [{ type: 'reject', why: 1 }] }, /unknown member "why"/],
      [{ default: [{ type: 'sigstoreSigned' }] }, /exactly one of keyPath/],
      [{ default: [{ type: 'sigstoreSigned', keyPath: 'a', keyData: 'b' }] }, /exactly one of keyPath/],
      [{ default: [{ type: 'sigstoreSigned', keyPaths: [] }] }, /is not made of texts/],
      [{ default: [{ type: 'sigstoreSigned', keyPath: 'a', signedIdentity: { type: 'any' } }] }, /unknown type "any"/],
      [
        {
          default: [
            { type: 'sigstoreSigned', keyPath: 'a', signedIdentity: { type: 'exactReference', dockerReference: ':' } },
          ],
        },
        /is no reference/,
      ],
      [{ default: accept, transports: { docker: { 'r.example': [] } } }, /transports\.docker\["r\.example"\]/],
    ];
    for (const [value, message] of wrong)
      assert.throws(
        () => parse(value),
        (error: Error) =>
          message.test(error.message) && /POLICY_INVALID/.test(String((error as { code?: string }).code)),
      );
    assert.throws(() => parsePolicy('{', 'p'), /p is no JSON/);
    const twice = '{"default":[{"type":"reject"}],"\\u0064efault":[{"type":"insecureAcceptAnything"}]}';
    assert.throws(() => parsePolicy(twice, 'p'), /p has the member "default" twice in one object/);
  });

  it('has a row for the most particular scope', () => {
    assert.deepEqual(scopesOf(docker('a.b.example:5000/team/web:1')), [
      'a.b.example:5000/team/web:1',
      'a.b.example:5000/team/web',
      'a.b.example:5000/team',
      'a.b.example:5000',
      '*.b.example',
      '*.example',
    ]);
    assert.deepEqual(scopesOf({ transport: 'oci', path: '/a/b', tag: 't' }), ['/a/b', '/a']);
    assert.deepEqual(scopesOf({ transport: 'oci-archive', path: '/a/b.tar', tag: 't' }), ['/a/b.tar', '/a']);
    const policy = parse({
      default: [{ type: 'reject' }],
      transports: { docker: { 'a.example/team': accept, '*.example': accept, '': [{ type: 'reject' }] } },
    });
    const scope = (text: string) => requirementsFor(policy, docker(text)).scope;
    assert.equal(scope('a.example/team/web:1'), 'docker "a.example/team"');
    assert.equal(scope('a.example/teams/web:1'), 'docker "*.example"');
    assert.equal(scope('other.test/x:1'), 'docker ""');
    assert.equal(requirementsFor(policy, { transport: 'oci', path: '/x', tag: 't' }).scope, 'default');
  });

  it('compares what was asked for with what the signer called it', () => {
    const tagged = docker(IMAGE);
    const digested = docker(`registry.example:5000/team/web@${DIGEST}`);
    const rows: [Parameters<typeof matches>[0], Parameters<typeof matches>[1], string, boolean][] = [
      [{ type: 'matchExact' }, tagged, IMAGE, true],
      [{ type: 'matchExact' }, tagged, 'registry.example:5000/team/web', false],
      [{ type: 'matchExact' }, tagged, 'registry.example:5000/team/web:2', false],
      [{ type: 'matchRepoDigestOrExact' }, tagged, IMAGE, true],
      [{ type: 'matchRepoDigestOrExact' }, tagged, 'registry.example:5000/team/web:2', false],
      [{ type: 'matchRepoDigestOrExact' }, digested, 'registry.example:5000/team/web:2', true],
      [{ type: 'matchRepoDigestOrExact' }, digested, 'registry.example:5000/team/other:1', false],
      [{ type: 'matchRepository' }, tagged, 'registry.example:5000/team/web', true],
      [{ type: 'matchRepository' }, tagged, 'registry.example:5000/team/other', false],
      [{ type: 'exactReference', dockerReference: 'a.example/b:1' }, tagged, 'a.example/b:1', true],
      [{ type: 'exactRepository', dockerRepository: 'a.example/b' }, tagged, 'a.example/b:9', true],
      [
        { type: 'remapIdentity', prefix: 'registry.example:5000', signedPrefix: 'vendor.example' },
        tagged,
        'vendor.example/team/web:1',
        true,
      ],
      [
        { type: 'remapIdentity', prefix: 'registry.exam', signedPrefix: 'vendor' },
        tagged,
        'vendorple/team/web:1',
        false,
      ],
      [{ type: 'matchRepository' }, { transport: 'oci', path: '/x', tag: '1' }, IMAGE, false],
      [{ type: 'matchRepository' }, tagged, ':::', false],
    ];
    for (const [identity, image, signed, expected] of rows)
      assert.equal(matches(identity, image, signed), expected, `${JSON.stringify(identity)} ${signed}`);
  });
});

describe('an image with signatures', () => {
  const signedBy = (keys: readonly Uint8Array[], signedIdentity?: object) =>
    parsePolicy(
      JSON.stringify({
        default: [
          {
            type: 'sigstoreSigned',
            keyDatas: keys.map((key) => Buffer.from(key).toString('base64')),
            ...(signedIdentity ? { signedIdentity } : {}),
          },
        ],
      }),
      'policy.json',
    );
  const openKey = async (place: object) => parseVerifyingKey((place as { pem: Uint8Array }).pem, 'key');
  const sign = (key: ReturnType<typeof pair>, digest: Digest, reference = IMAGE) => {
    const payload = encodePayload({ digest, reference }, 'stillframe', 1);
    return { payload, signature: key.signing.sign(payload) };
  };

  it('is taken where one of them counts, and refused with the reason of each where none does', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const store = await Layout.create(join(folder.path, 'layout'));
    const { digest } = (await putSmallImage(store, 'v1')).image.manifest.descriptor;
    const [trusted, other] = [pair(), pair('ed25519')];
    const policy = signedBy([trusted.pem]);
    const judge = () => demandAllowed(policy, docker(IMAGE), { store, digest }, { openKey });
    await assert.rejects(
      judge(),
      /web:1 \(sha256:[0-9a-f]{64}\) is refused by the policy for default: a signature is required/,
    );
    await addSignature(store, digest, sign(other, digest));
    await addSignature(store, digest, sign(trusted, OTHER));
    await addSignature(store, digest, sign(trusted, digest, 'registry.example:5000/team/other:1'));
    const tampered = sign(trusted, digest);
    await addSignature(store, digest, {
      ...tampered,
      signature: tampered.signature.map((byte, at) => (at === 9 ? byte ^ 1 : byte)),
    });
    await assert.rejects(judge(), (error: Error & { code: string; details: { faults: string[] } }) => {
      assert.equal(error.code, 'ERR_OCI_IMAGE_REFUSED');
      assert.match(
        error.details.faults.join('\n'),
        /^signature 1 is by none of the keys\nsignature 2 is about another image \(sha256:bbb.*\nsignature 3 calls it .*other:1, .*\nsignature 4 is by none of the keys$/,
      );
      return true;
    });
    await addSignature(store, digest, sign(trusted, digest));
    await judge();
    assert.equal((await readSignatures(store, digest)).length, 5, 'the others stay');
  });

  it('keeps all that are added at once, each by a process of its own', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const path = join(folder.path, 'layout');
    const store = await Layout.create(path);
    const { digest } = (await putSmallImage(store, 'v1')).image.manifest.descriptor;
    const keys = Array.from({ length: 8 }, () => pair());
    // Stores of their own: between them there is the lock file alone, as between processes.
    const adding = keys.map(async (key) => addSignature(await Layout.open(path), digest, sign(key, digest)));
    await Promise.all(adding);
    const found = await readSignatures(store, digest);
    for (const { verifying } of keys)
      assert.ok(found.some(({ payload, signature }) => verifying.verifies(payload, signature)));
    assert.equal(found.length, keys.length);
  });

  it('needs every requirement, and one that is not checked here lets nothing in', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const store = await Layout.create(join(folder.path, 'layout'));
    const { digest } = (await putSmallImage(store, 'v1')).image.manifest.descriptor;
    const judge = (rows: object[]) =>
      demandAllowed(parsePolicy(JSON.stringify({ default: rows }), 'p'), docker(IMAGE), { store, digest }, { openKey });
    await judge([{ type: 'insecureAcceptAnything' }]);
    await assert.rejects(judge([{ type: 'insecureAcceptAnything' }, { type: 'reject' }]), /it rejects all/);
    await assert.rejects(judge([{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }]), /GPG keys are not checked/);
    await assert.rejects(judge([{ type: 'sigstoreSigned', fulcio: {} }]), /only keys are checked/);
  });

  it('is not kept busy by what somebody else put beside it', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const store = await Layout.create(join(folder.path, 'layout'));
    const { digest } = (await putSmallImage(store, 'v1')).image.manifest.descriptor;
    const huge = new Uint8Array(70_000);
    const layer = {
      mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
      digest: digestOf(huge),
      size: huge.length,
    };
    await store.push(layer, bytesSource(huge));
    const layers = Array.from({ length: 500 }, (_, at) => ({
      ...layer,
      annotations: { 'dev.cosignproject.cosign/signature': at === 0 ? 'A'.repeat(5000) : 'AAAA' },
    }));
    const config = new TextEncoder().encode('{}');
    const described = { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length };
    await store.push(described, bytesSource(config));
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: described, layers };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    await store.putManifest(bytes, mediaTypes.manifest, { tag: signatureTag(digest) });
    assert.deepEqual(await readSignatures(store, digest), []);
    await assert.rejects(addSignature(store, digest, sign(pair(), digest)), { code: 'ERR_OCI_SIGNATURES_FULL' });
  });
});
