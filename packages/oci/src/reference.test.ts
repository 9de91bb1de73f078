import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { formatReference, namesRegistry, parseImageLocation, parseReference } from './reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  const full: Record<string, string> = {
    busybox: 'docker.io/library/busybox:latest',
    'busybox:1.36': 'docker.io/library/busybox:1.36',
    'someone/tool': 'docker.io/someone/tool:latest',
    'docker.io/busybox': 'docker.io/library/busybox:latest',
    'index.docker.io/library/busybox': 'docker.io/library/busybox:latest',
    'localhost/x': 'localhost/x:latest',
    'localhost:5000/x': 'localhost:5000/x:latest',
    '127.0.0.1:5000/a/b:c': '127.0.0.1:5000/a/b:c',
    '[::1]:5000/a/b': '[::1]:5000/a/b:latest',
    'example.org/a.b__c--d/e_f:T-1.x': 'example.org/a.b__c--d/e_f:T-1.x',
    [`example.org/a@${digest}`]: `example.org/a@${digest}`,
    [`example.org:8443/a:t@${digest}`]: `example.org:8443/a:t@${digest}`,
  };
  for (const [text, expected] of Object.entries(full)) {
    it(`reads ${text.slice(0, 40)} as ${expected.slice(0, 50)}`, () => {
      assert.equal(formatReference(parseReference(text)), expected);
    });
  }

  const refused = [
    '',
    '/',
    'a/',
    '/a',
    'Busybox',
    'a//b',
    'a:',
    'a:b:c',
    'a@',
    'a@sha256:12',
    `a@${digest}@${digest}`,
    'a b',
    '../a',
    'a/../b',
    'example.org:0/a',
    'example.org:70000/a',
    'example.org:x/a',
    '-a.org/b',
    '[::1/a',
    '[1:2]/a',
    'a_',
    'a..b',
    'user@example.org/a',
    'https://example.org/a',
    `a:${'t'.repeat(129)}`,
    'a/'.repeat(400),
    `x.org/${'a'.repeat(256)}`,
    'a\n',
    'a:b\n',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(() => parseReference(text), { code: 'ERR_OCI_REFERENCE_INVALID' });
    });
  }

  it('gives a reference that is its own full spelling, or a typed error, for any text', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9._:/@[\]-]{0,60}$/));
    fc.assert(
      fc.property(text, (any) => {
        try {
          const spelled = formatReference(parseReference(any));
          assert.equal(formatReference(parseReference(spelled)), spelled);
        } catch (error) {
          assert.ok(StillframeError.is(error), String(error));
        }
      }),
    );
  });
});

describe('parseImageLocation', () => {
  it('tells layouts from registries', () => {
    assert.deepEqual(parseImageLocation('oci:/a/b'), { kind: 'layout', path: '/a/b' });
    assert.deepEqual(parseImageLocation('oci:a/b:v1'), { kind: 'layout', path: 'a/b', tag: 'v1' });
    assert.deepEqual(parseImageLocation('oci:/a:b/c:v1'), { kind: 'layout', path: '/a:b/c', tag: 'v1' });
    assert.deepEqual(parseImageLocation('oci:/a:b/c'), { kind: 'layout', path: '/a:b/c' });
    const location = parseImageLocation('docker://localhost:5000/x');
    assert.equal(location.kind === 'registry' && formatReference(location.reference), 'localhost:5000/x:latest');
    assert.throws(() => parseImageLocation('oci:'), { code: 'ERR_OCI_REFERENCE_INVALID' });
    assert.throws(() => parseImageLocation('oci::v1'), { code: 'ERR_OCI_REFERENCE_INVALID' });
  });
});

it('whether a registry is named is a matter of the first component', () => {
  for (const text of ['docker.io/busybox', 'localhost/a', '127.0.0.1:5000/a:1', '[::1]:5000/a', 'docker://r.example/a'])
    assert.equal(namesRegistry(text), true, text);
  for (const text of ['busybox', 'busybox:1', 'team/app:1', 'docker://team/app', 'web@sha256:0'])
    assert.equal(namesRegistry(text), false, text);
});
