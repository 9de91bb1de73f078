import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource, Diagnostics, limits } from '@stillframe/core';
import { readTarIndex } from '../archive/reader.ts';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { readDocuments } from './documents.ts';
import { parseJson } from './json-fields.ts';
import { timeOfNanoseconds } from './time.ts';

async function read(documents: Record<string, string>) {
  const archive = await readTarIndex(
    bytesSource(tarOf(...Object.entries(documents).map(([name, text]) => entry(name, text)))),
  );
  const diagnostics = new Diagnostics();
  return { ...(await readDocuments(archive, diagnostics)), ids: diagnostics.list.map(({ id }) => id) };
}

test('an archive without documents has none, and that is no fault', async () => {
  const { config, spec, bindMounts, ids } = await read({});
  assert.deepEqual([config, spec, bindMounts, ids], [undefined, undefined, [], []]);
});

test('fields of the wrong type are absent, with a diagnostic, and the rest stands', async () => {
  const { config, spec, ids } = await read({
    'config.dump': '{"id": 7, "name": "counter", "restored": "yes", "createdTime": "0001-01-01T00:00:00Z"}',
    'spec.dump': '{"process": [], "mounts": [{"destination": "/a"}, 3, {}], "annotations": {"a": 1, "b": "c"}}',
  });
  assert.deepEqual(
    [config?.id, config?.name, config?.restored, config?.created],
    [undefined, 'counter', undefined, undefined],
  );
  assert.deepEqual(
    spec?.mounts.map(({ destination }) => destination),
    ['/a'],
  );
  assert.deepEqual([...(spec?.annotations ?? [])], [['b', 'c']]);
  assert.deepEqual(ids, Array(4).fill('metadata-field-invalid'));
});

test('a document that is JSON but no object is unreadable, not empty', async () => {
  for (const text of ['[]', '7', 'null', '"spec"']) {
    const { spec, ids } = await read({ 'spec.dump': text });
    assert.deepEqual([spec, ids], [undefined, ['metadata-unreadable']], text);
  }
});

test('hostile documents give a diagnostic, not an exception', async () => {
  const deep = '['.repeat(1_000_000);
  for (const text of ['', '{', 'null x', deep, `${deep}${']'.repeat(1_000_000)}`, '\0\0', '{"a":1}garbage']) {
    const { config, ids } = await read({ 'config.dump': text });
    assert.equal(config?.id, undefined);
    assert.equal(ids.length, 1, text.slice(0, 20));
  }
  const { config, ids } = await read({ 'config.dump': `"${'x'.repeat(limits.json)}"` });
  assert.deepEqual([config, ids], [undefined, ['metadata-unreadable']]);
});

test('a key called __proto__ is only a key', async () => {
  const { spec } = await read({
    'spec.dump': '{"annotations": {"__proto__": "x"}, "__proto__": {"hostname": "evil"}}',
  });
  assert.equal(spec?.hostname, undefined);
  assert.deepEqual([...(spec?.annotations ?? [])], [['__proto__', 'x']]);
  assert.equal(({} as Record<string, unknown>)['hostname'], undefined);
});

test('deleted files that climb out of the container are left out', async () => {
  const { deletedFiles, ids } = await read({ 'deleted.files': '["/etc/motd", "/../../etc/shadow", "a/../b"]' });
  assert.deepEqual(deletedFiles, ['/etc/motd']);
  assert.deepEqual(ids, ['deleted-file-unsafe', 'deleted-file-unsafe']);
});

test('podman’s networks are read', async () => {
  const { network } = await read({
    'network.status':
      '{"podman": {"interfaces": {"eth0": {"subnets": [{"ipnet": "10.88.0.5/16", "gateway": "10.88.0.1"}], "mac_address": "aa:bb"}}}}',
  });
  const addresses = [{ address: '10.88.0.5/16', gateway: '10.88.0.1' }];
  assert.deepEqual(network, [{ network: 'podman', name: 'eth0', mac: 'aa:bb', addresses }]);
});

test('nanoseconds become RFC 3339 and zero means never', () => {
  assert.equal(timeOfNanoseconds(1_500_000_000_123_456_789n), '2017-07-14T02:40:00.123456789Z');
  assert.equal(timeOfNanoseconds(0), undefined);
  assert.equal(timeOfNanoseconds(2n ** 80n), undefined);
});

test('a document of nothing but brackets is refused before it is parsed', () => {
  const deep = Buffer.from(`${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}`);
  assert.throws(() => parseJson(deep, 'spec.dump'), { code: 'ERR_METADATA_INVALID', message: /nests deeper/ });
  const text = Buffer.from(JSON.stringify({ ['[[[['.repeat(100)]: '{\\"'.repeat(200) }));
  assert.equal(typeof parseJson(text, 'spec.dump'), 'object', 'brackets in text do not nest');
});
