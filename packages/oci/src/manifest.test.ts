import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf, StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { describeBytes } from './content.suite.ts';
import { mediaTypes } from './descriptor.ts';
import { buildImage, buildIndex } from './image-build.ts';
import { encodeCanonical } from './json.ts';
import { encodeManifest, parseImageConfig, parseIndex, parseManifest, parseManifestOrIndex } from './manifest.ts';

const layer = { descriptor: describeBytes(Buffer.from('layer')), diffID: digestOf(Buffer.from('layer')) };
const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const text = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const sound = () => JSON.parse(Buffer.from(buildImage({ layers: [layer], platform }).manifest.bytes).toString());

describe('buildImage', () => {
  const parts = {
    layers: [layer],
    platform,
    annotations: { b: '2', a: '1' },
    config: { Env: ['A=b'], Cmd: ['/bin/true'] },
    subject: describeBytes(Buffer.from('subject'), mediaTypes.manifest),
    artifactType: 'application/x-test',
  };

  it('makes documents that parse to what was asked for', () => {
    const { config, manifest } = buildImage(parts);
    const parsed = parseManifest(manifest.bytes, mediaTypes.manifest);
    assert.deepEqual(parsed.config, config.descriptor);
    assert.deepEqual(parsed.layers, [layer.descriptor]);
    assert.deepEqual(parsed.annotations, parts.annotations);
    assert.deepEqual(parsed.subject, parts.subject);
    const parsedConfig = parseImageConfig(config.bytes);
    assert.deepEqual(parsedConfig.diffIDs, [layer.diffID]);
    assert.deepEqual(parsedConfig.config, parts.config);
    assert.equal(parsedConfig.variant, 'v8');
    assert.equal(manifest.descriptor.digest, digestOf(manifest.bytes));
  });

  it('gives equal bytes for equal parts, in whatever order they are written', () => {
    const again = { ...parts, annotations: { a: '1', b: '2' } };
    assert.deepEqual(buildImage(again).manifest.bytes, buildImage(parts).manifest.bytes);
  });

  it('goes into an index with its platform', () => {
    const index = buildIndex({ manifests: [buildImage(parts).manifest.descriptor], annotations: { x: 'y' } });
    const parsed = parseIndex(index.bytes);
    assert.deepEqual(parsed.manifests[0]?.platform, platform);
    assert.deepEqual(parsed.annotations, { x: 'y' });
    assert.deepEqual(Buffer.from(encodeManifest(parsed)), Buffer.from(index.bytes));
  });
});

describe('parseManifestOrIndex', () => {
  const broken: Record<string, unknown> = {
    'no JSON': '{"schemaVersion":',
    'not UTF-8': Buffer.of(0x7b, 0xff, 0x7d),
    'another schema': { ...sound(), schemaVersion: 1 },
    'members of both kinds': { ...sound(), manifests: [] },
    'a name for itself that is not its descriptor’s': { ...sound(), mediaType: mediaTypes.dockerManifest },
    'no config': { ...sound(), config: undefined },
    'a negative size': { ...sound(), layers: [{ ...layer.descriptor, size: -1 }] },
    'a size beyond exact numbers': text(JSON.stringify(sound()).replace(/"size":\d+/, '"size":9007199254740993')),
    'a digest that climbs': { ...sound(), layers: [{ ...layer.descriptor, digest: 'sha256:../../x' }] },
    'an annotation that is no text': { ...sound(), annotations: { a: 1 } },
    'layers that are no list': { ...sound(), layers: {} },
    'depth without end': `{"a":${'['.repeat(1e6)}`,
  };
  for (const [what, document] of Object.entries(broken)) {
    it(`refuses a document with ${what}`, () => {
      const bytes = document instanceof Uint8Array ? document : text(document);
      assert.throws(() => parseManifestOrIndex(bytes, mediaTypes.manifest), { code: 'ERR_OCI_DOCUMENT_INVALID' });
    });
  }

  it('refuses more than four mebibytes', () => {
    assert.throws(() => parseManifest(new Uint8Array((4 << 20) + 1)), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
  });

  it('keeps a member called __proto__ an ordinary annotation', () => {
    const bytes = text(
      JSON.stringify({ ...sound(), annotations: {} }).replace('"annotations":{}', '"annotations":{"__proto__":"x"}'),
    );
    const { annotations } = parseManifest(bytes);
    assert.deepEqual(Object.entries(annotations ?? {}), [['__proto__', 'x']]);
    assert.match(Buffer.from(encodeCanonical(annotations)).toString(), /__proto__/);
  });

  it('gives a manifest or a typed error for any JSON and any damage', () => {
    const bytes = Buffer.from(buildImage({ layers: [layer], platform }).manifest.bytes);
    const damaged = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, value]) => {
      const copy = Buffer.from(bytes);
      copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json().map(text)), (any) => {
        try {
          parseManifestOrIndex(any);
        } catch (error) {
          assert.ok(StillframeError.is(error), String(error));
        }
      }),
    );
  });
});

describe('encodeCanonical', () => {
  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        assert.deepEqual(encodeCanonical(reversed), encodeCanonical(value));
        assert.deepEqual(JSON.parse(Buffer.from(encodeCanonical(value)).toString()), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
