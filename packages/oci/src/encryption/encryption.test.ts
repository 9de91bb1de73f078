/** Images that are encrypted and decrypted while they are copied or read. The peers are in tests/lab/image-encryption.lab.test.ts. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyPairKeyObjectResult, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesSource, type Digest, digestOf, readAll } from '@stillframe/core';
import fc from 'fast-check';
import { putArtifact } from '../artifact.ts';
import type { ContentReader } from '../content.ts';
import { copyImage } from '../copy.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { buildImage, buildIndex } from '../image-build.ts';
import { putImage } from '../image-put.ts';
import { parseManifest } from '../manifest.ts';
import { StagedContent } from '../staged.ts';
import { decryptingReader, encryptingReader, parsePrivateKey, parsePublicKey, recipientsOf } from './index.ts';
import { JWE, PUBLIC_OPTIONS } from './media-types.ts';

const PLATFORM = { os: 'linux', architecture: 'amd64' };
/** A pair of keys in PEM. */
function pairOf({ publicKey, privateKey }: KeyPairKeyObjectResult, passphrase?: string) {
  const locked = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem', ...locked }).toString(),
  };
}
const pairs = {
  ada: pairOf(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  bob: pairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  eve: pairOf(generateKeyPairSync('rsa', { modulusLength: 2048 })),
};
type Who = keyof typeof pairs;
const openKey = (who: Who) => parsePublicKey(Buffer.from(pairs[who].publicKey), who);
const secretKey = (who: Who) => parsePrivateKey(Buffer.from(pairs[who].privateKey), who);
const decrypted = (store: ContentReader, ...who: Who[]) =>
  decryptingReader(store, () => Promise.all(who.map(secretKey)), { carried: ['evidence'] });

async function putLayer(store: StagedContent, bytes: Uint8Array, mediaType: string = mediaTypes.layer) {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.push(descriptor, bytesSource(bytes));
  return descriptor;
}

/** A store with an image of these layers, tagged. */
async function storeOf(...layers: Uint8Array[]): Promise<StagedContent> {
  const store = new StagedContent();
  const descriptors = await Promise.all(layers.map((bytes) => putLayer(store, bytes)));
  const parts = descriptors.map((descriptor) => ({ descriptor, diffID: descriptor.digest }));
  await putImage(store, buildImage({ layers: parts, platform: PLATFORM }), { tag: 'v1' });
  return store;
}

async function encryptedStore(from: ContentReader, ...who: Who[]): Promise<StagedContent> {
  const reader = encryptingReader(from, await Promise.all(who.map(openKey)), { carried: ['evidence'] });
  const copy = new StagedContent();
  await copyImage(reader, copy, await reader.resolve('v1'), { tag: 'v1', referrers: true });
  return copy;
}

const layersOf = async (store: ContentReader, descriptor?: Descriptor) =>
  parseManifest(await store.manifest(descriptor ?? (await store.resolve('v1')))).layers;

async function allOf(store: ContentReader, descriptor: Descriptor): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(store.stream(descriptor)));
}

test('what was encrypted for several comes back for each of them, as the image that it was', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 3 }), async (layers) => {
      const plain = await storeOf(...layers);
      const store = await encryptedStore(plain, 'ada', 'bob');
      for (const layer of await layersOf(store)) {
        assert.equal(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar+encrypted');
        assert.deepEqual(
          recipientsOf(layer).map(({ algorithm }) => algorithm),
          ['RSA-OAEP', 'ECDH-ES+A256KW'],
        );
      }
      for (const who of ['ada', 'bob'] as const) {
        const reader = decrypted(store, 'eve', who);
        const target = await reader.resolve('v1');
        assert.equal(target.digest, (await plain.resolve('v1')).digest);
        for (const [at, layer] of (await layersOf(reader, target)).entries()) {
          assert.ok((await allOf(reader, layer)).equals(layers[at] ?? Buffer.alloc(1)));
          await using source = await reader.open(layer);
          assert.ok(Buffer.from(await readAll(source, { limit: 1 << 20 })).equals(layers[at] ?? Buffer.alloc(1)));
        }
      }
    }),
    { numRuns: 15 },
  ));

test('no key, or another’s: the layer is named, and for whom it is', async () => {
  const store = await encryptedStore(await storeOf(randomBytes(10)), 'ada', 'bob');
  const [layer] = await layersOf(store);
  const ids = await Promise.all([openKey('ada'), openKey('bob')]);
  const told = new RegExp(
    `layer 1 of 1 \\(${layer?.digest}\\) is encrypted.*2 recipients.*${ids[0]?.id}, ${ids[1]?.id}`,
  );
  await assert.rejects(decrypted(store).resolve('v1'), { code: 'ERR_OCI_LAYER_ENCRYPTED', message: told });
  await assert.rejects(decrypted(store, 'eve').resolve('v1'), { code: 'ERR_OCI_LAYER_KEYS_WRONG', message: told });
});

test('an index keeps its order and its marks; what is no tar layer in it is refused, never sent in the open', async () => {
  const store = await storeOf(randomBytes(20));
  const manifest = await store.resolve('v1');
  const annotations = { name: 'one' };
  const index = buildIndex({ manifests: [{ ...manifest, annotations }], annotations: { pod: 'p' } });
  await store.putManifest(index.bytes, mediaTypes.index, { tag: 'v1' });
  const encrypted = await encryptedStore(store, 'bob');
  const seen = JSON.parse(Buffer.from(await encrypted.manifest(await encrypted.resolve('v1'))).toString());
  assert.deepEqual([seen.annotations, seen.manifests[0].annotations], [{ pod: 'p' }, annotations]);
  assert.equal((await decrypted(encrypted, 'bob').resolve('v1')).digest, index.descriptor.digest);

  const odd = await putLayer(store, randomBytes(5), 'application/vnd.example');
  const other = buildIndex({ manifests: [manifest, odd] });
  await store.putManifest(other.bytes, mediaTypes.index, { tag: 'v1' });
  await assert.rejects(encryptedStore(store, 'bob'), { code: 'ERR_OCI_ENCRYPTION_UNSUPPORTED' });
  await assert.rejects(encryptedStore(encrypted, 'ada'), {
    code: 'ERR_OCI_ENCRYPTION_UNSUPPORTED',
    message: /encrypted already/,
  });
});

test('evidence goes with the image both ways; what is said of its digest does not', async () => {
  const store = await storeOf(randomBytes(20));
  const subject = await store.resolve('v1');
  for (const artifactType of ['evidence', 'signature'])
    await putArtifact(store, { artifactType, mediaType: 'text/plain', subject, bytes: Buffer.from(artifactType) });
  const encrypted = await encryptedStore(store, 'ada');
  const about = await encrypted.referrers((await encrypted.resolve('v1')).digest);
  assert.deepEqual(
    about.map(({ artifactType }) => artifactType),
    ['evidence'],
  );
  const reader = decrypted(encrypted, 'ada');
  const back = await reader.referrers((await reader.resolve('v1')).digest);
  const [evidence] = (await store.referrers(subject.digest)).filter(({ artifactType }) => artifactType === 'evidence');
  assert.equal(back[0]?.digest, evidence?.digest);
});

test('a maker that compressed on the way told the digest of the layer before: the true one is found', async () => {
  const tar = randomBytes(3000);
  const gz = gzipSync(tar);
  const store = new StagedContent();
  const descriptor = await putLayer(store, gz, mediaTypes.layerGzip);
  await putImage(store, buildImage({ layers: [{ descriptor, diffID: digestOf(tar) }], platform: PLATFORM }), {
    tag: 'v1',
  });
  // Its private options name the diff id, as skopeo's do.
  const claiming: ContentReader = {
    resolve: (reference) => store.resolve(reference),
    manifest: async (descriptor) => {
      const document = JSON.parse(Buffer.from(await store.manifest(descriptor)).toString());
      document.layers[0].digest = digestOf(tar);
      return Buffer.from(JSON.stringify(document));
    },
    stream: ({ digest, ...rest }, options) =>
      store.stream({ ...rest, digest: digest === digestOf(tar) ? descriptor.digest : digest }, options),
    open: () => assert.fail(),
  };
  const encrypted = await encryptedStore(claiming, 'bob');
  const reader = decrypted(encrypted, 'bob');
  const [layer] = await layersOf(reader, await reader.resolve('v1'));
  assert.equal(layer?.digest, descriptor.digest);
  assert.ok(layer && gz.equals(await allOf(reader, layer)));
});

/** An encrypted image whose layer says something else of its encryption. */
async function forged(change: (annotations: Record<string, string>) => void): Promise<StagedContent> {
  const store = await encryptedStore(await storeOf(randomBytes(100)), 'ada');
  const document = JSON.parse(Buffer.from(await store.manifest(await store.resolve('v1'))).toString());
  change(document.layers[0].annotations);
  await store.putManifest(Buffer.from(JSON.stringify(document)), mediaTypes.manifest, { tag: 'v1' });
  return store;
}

const inBase64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const fromBase64 = (text = '') => JSON.parse(Buffer.from(text, 'base64').toString());

test('a forged HMAC is found before the last bytes are handed on', async () => {
  const store = await forged((all) => {
    all[PUBLIC_OPTIONS] = inBase64({ ...fromBase64(all[PUBLIC_OPTIONS]), hmac: Buffer.alloc(32).toString('base64') });
  });
  const reader = decrypted(store, 'ada');
  const [layer] = await layersOf(reader, await reader.resolve('v1'));
  let got = 0;
  await assert.rejects(
    async () => {
      for await (const chunk of reader.stream(layer as Descriptor)) got += chunk.length;
    },
    { code: 'ERR_OCI_LAYER_FORGED' },
  );
  assert.ok(got < 100);
});

test('hostile words about encryption are bounded: sizes, recipients, passwords to be worked out', async () => {
  const flat = { alg: 'PBES2-HS512+A256KW', p2c: 2_000_000_000, p2s: 'AAAA', enc: 'A256GCM' };
  const recipient = { header: { alg: 'RSA-OAEP' }, encrypted_key: 'A'.repeat(342) };
  const jwe = (more: object) => ({ protected: '', iv: 'AAAA', ciphertext: 'AAAA', tag: 'AAAA', ...more });
  const many = (count: number, one: object = recipient) =>
    jwe({ recipients: Array.from({ length: count }, () => one) });
  const cases: [string | undefined, string][] = [
    ['A'.repeat(3 << 20), 'ERR_OCI_ENCRYPTION_INVALID'],
    [inBase64(many(10_000, { encrypted_key: '' })), 'ERR_OCI_ENCRYPTION_INVALID'],
    [`${inBase64(jwe({ encrypted_key: 'AA' }))},`.repeat(500), 'ERR_OCI_ENCRYPTION_INVALID'],
    [inBase64(many(200)), 'ERR_OCI_LAYER_KEYS_WRONG'],
    [inBase64(jwe({ header: flat, encrypted_key: 'AA' })), 'ERR_OCI_LAYER_KEYS_WRONG'],
    [inBase64(jwe({ recipients: [{ header: flat, encrypted_key: 'AA' }] })), 'ERR_OCI_LAYER_KEYS_WRONG'],
    [inBase64({ recipients: [null, 7, { header: 7 }] }), 'ERR_OCI_ENCRYPTION_INVALID'],
    [inBase64([]), 'ERR_OCI_ENCRYPTION_INVALID'],
    ['', 'ERR_OCI_ENCRYPTION_INVALID'],
    [undefined, 'ERR_OCI_ENCRYPTION_INVALID'],
  ];
  for (const [text, code] of cases) {
    const store = await forged((all) => {
      delete all[JWE];
      if (text !== undefined) all[JWE] = text;
    });
    const begin = performance.now();
    await assert.rejects(decrypted(store, 'ada', 'bob').resolve('v1'), { code }, text?.slice(0, 60));
    assert.ok(performance.now() - begin < 30_000, `${text?.slice(0, 60)} took long`);
  }
  for (const options of ['', 'e30=', inBase64({ cipher: 'ROT13' }), 'A'.repeat(100_000)]) {
    const store = await forged((all) => (all[PUBLIC_OPTIONS] = options));
    await assert.rejects(decrypted(store, 'ada').resolve('v1'), { code: /^ERR_OCI_ENCRYPTION_/ });
  }
  const foreign = await forged((all) => {
    delete all[JWE];
    all['org.opencontainers.image.enc.keys.pgp'] = 'AAAA';
  });
  await assert.rejects(decrypted(foreign, 'ada').resolve('v1'), {
    code: 'ERR_OCI_ENCRYPTION_UNSUPPORTED',
    message: /"pgp"/,
  });
});

test('what was wrapped may be nonsense itself; nothing of it is told', async () => {
  const { wrapForRecipients } = await import('./jwe.ts');
  for (const opened of ['{}', 'x', '{"symkey":"c2VjcmV0"}', '{"symkey":7,"cipheroptions":[]}']) {
    const text = await wrapForRecipients(Buffer.from(opened), [await openKey('ada')]);
    const store = await forged((all) => (all[JWE] = text));
    await assert.rejects(decrypted(store, 'ada').resolve('v1'), (error: Error & { code: string }) => {
      assert.equal(error.code, 'ERR_OCI_ENCRYPTION_INVALID');
      assert.ok(!error.message.includes('c2VjcmV0'));
      return true;
    });
  }
});

test('keys: what is taken and what is refused, without a word of what is in them', async () => {
  const { privateKey: locked } = pairOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'opensesame');
  assert.equal((await parsePrivateKey(Buffer.from(locked), 'k', Buffer.from('opensesame'))).kind, 'ec');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs1 = { type: 'pkcs1', format: 'pem' } as const;
  const open = await parsePublicKey(Buffer.from(publicKey.export(pkcs1)), 'p');
  const secret = await parsePrivateKey(Buffer.from(privateKey.export(pkcs1)), 's');
  assert.equal(open.id, secret.id);
  const weak = pairOf(generateKeyPairSync('rsa', { modulusLength: 1024 }));
  const odd = pairOf(generateKeyPairSync('ed25519'));
  const refusals: [Promise<unknown>, RegExp][] = [
    [parsePrivateKey(Buffer.from(locked), 'k'), /wants a passphrase/],
    [parsePrivateKey(Buffer.from(locked), 'k', Buffer.from('wrongsesame')), /cannot be opened/],
    [parsePublicKey(Buffer.from(pairs.ada.privateKey), 'k'), /is a private key/],
    [parsePublicKey(Buffer.from('-----BEGIN NOTHING-----'), 'k'), /no public key/],
    [parsePrivateKey(Buffer.from(pairs.ada.publicKey), 'k'), /no private key/],
    [parsePublicKey(Buffer.from(weak.publicKey), 'k'), /of a kind/],
    [parsePublicKey(Buffer.from(odd.publicKey), 'k'), /of a kind/],
  ];
  for (const [refused, message] of refusals)
    await assert.rejects(refused, (error: Error & { code: string; hint?: string }) => {
      assert.equal(error.code, 'ERR_OCI_KEY_INVALID');
      assert.match(error.message, message);
      assert.ok(!/sesame|MII/.test(`${error.message}${error.hint}`));
      return true;
    });
});

test('an image of thousands of manifests is refused', async () => {
  const store = await storeOf(randomBytes(5));
  const manifest = await store.resolve('v1');
  const index = buildIndex({ manifests: Array.from({ length: 1000 }, () => manifest) });
  await store.putManifest(index.bytes, mediaTypes.index, { tag: 'v1' });
  await assert.rejects(decrypted(store, 'ada').resolve('v1'), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
});

test('images that are not encrypted are seen as they are, and no key is asked for', async () => {
  const store = await storeOf(randomBytes(5));
  const reader = decryptingReader(store, () => assert.fail());
  const target: { digest: Digest } = await reader.resolve('v1');
  assert.equal(target.digest, (await store.resolve('v1')).digest);
});
