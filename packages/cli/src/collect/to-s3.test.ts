/** Collecting into an object store: keys, seals, locks, and what a cut leaves. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openAge, parseIdentities, parseRecipient } from '@stillframe/age';
import { bytesSource, digestOf, hexOf, readAll } from '@stillframe/core';
import { decodeCapture } from '@stillframe/evidence';
import { startStore, type TestStore } from '@stillframe/s3/fixture';
import { FIXTURE } from '../image/desk.fixture.ts';
import { atCollectDesk, type CollectDesk } from './desk.fixture.ts';
import { summaryOf } from './findings.ts';
import { inKubeletFolder } from './folder.fixture.ts';
import { type S3DestinationOptions, s3Destination } from './to-s3.ts';

type AtStore = CollectDesk & {
  readonly store: TestStore;
  to(more?: Partial<S3DestinationOptions>): ReturnType<typeof s3Destination>;
};

async function atStore(use: (desk: AtStore) => Promise<void>): Promise<void> {
  await using store = await startStore();
  const shared = { place: store.place, prefix: 'cluster', node: 'node-1', recipients: [], lock: undefined };
  await atCollectDesk((desk) => use({ ...desk, store, to: (more = {}) => s3Destination({ ...shared, ...more }) }));
}

const digest = digestOf(await readFile(FIXTURE));
const folderOf = `cluster/node-1/${hexOf(digest).slice(0, 16)}`;

describe('collecting into an object store', () => {
  it('puts the archive and its evidence under its digest, once, whatever is forgotten here', () =>
    atStore(async ({ archive, collector, store, to, state }) => {
      const name = await archive('web');
      assert.equal((await collector({ destination: to() }).look()).placed, 1);
      assert.deepEqual([...store.objects.keys()], [`${folderOf}/${name}`, `${folderOf}/${name}.evidence.json`]);
      assert.equal(digestOf(store.objects.get(`${folderOf}/${name}`)?.bytes as Buffer), digest);
      const evidence = String(store.objects.get(`${folderOf}/${name}.evidence.json`)?.bytes);
      assert.equal(decodeCapture(evidence).digest, digest);
      await state.forgetAllBut([]);
      assert.equal((await collector({ destination: to() }).look()).placed, 1);
      assert.ok([...store.objects.values()].every(({ versions }) => versions === 1));
      assert.equal(String(store.objects.get(`${folderOf}/${name}.evidence.json`)?.bytes), evidence);
    }));

  it('locks both for as long as it is told, and does not take a store’s word where that has no locks', () =>
    atStore(async ({ archive, collector, store, to, log }) => {
      const name = await archive('web');
      const lock = { mode: 'COMPLIANCE', retain: 86_400_000 } as const;
      await collector({ destination: to({ lock }) }).look();
      for (const { headers } of store.objects.values()) {
        assert.equal(headers['x-amz-object-lock-mode'], 'COMPLIANCE');
        const until = Date.parse(headers['x-amz-object-lock-retain-until-date'] ?? '');
        assert.ok(Math.abs(until - Date.now() - lock.retain) < 60_000);
      }
      const [key = '', object] = [...store.objects][0] ?? [];
      const { 'x-amz-object-lock-mode': _mode, ...open } = object?.headers ?? {};
      store.objects.set(key, { bytes: Buffer.from(object?.bytes ?? ''), headers: open, versions: 1 });
      const other = s3Destination({
        ...{ place: store.place, prefix: 'cluster', node: 'node-1' },
        recipients: [],
        lock,
      });
      assert.ok(name);
      await assert.rejects(other.holds({ name, digest }, new AbortController().signal), { code: 'ERR_S3_NOT_LOCKED' });
      assert.equal(log.filter(({ level }) => level === 'error').length, 0);
    }));

  it('seals for recipients what only these can open', () =>
    atStore(async ({ archive, collector, store, to }) => {
      const { generateIdentity, identityToRecipient } = await import('age-encryption');
      const identity = await generateIdentity();
      const recipients = [await parseRecipient(await identityToRecipient(identity), 'test')];
      const name = await archive('web');
      const judge = async () => ({
        bytes: Buffer.from('found'),
        count: 1,
        worst: 'high' as const,
        summary: summaryOf([]),
      });
      await collector({ destination: to({ recipients }), judge }).look();
      const sealed = store.objects.get(`${folderOf}/${name}.age`)?.bytes as Buffer;
      const opened = await openAge(bytesSource(sealed), await parseIdentities(identity, 'test'), { label: 'sealed' });
      assert.equal(digestOf(await readAll(opened, { limit: 1 << 30 })), digest);
      // What rules found tells of memory, too.
      const found = store.objects.get(`${folderOf}/${name}.findings.json.age`)?.bytes as Buffer;
      const told = await openAge(bytesSource(found), await parseIdentities(identity, 'test'), { label: 'findings' });
      assert.equal(String(Buffer.from(await readAll(told, { limit: 100 }))), 'found');
      assert.ok(store.objects.has(`${folderOf}/${name}.evidence.json`));
    }));

  it('never replaces another object under that key', () =>
    atStore(async ({ archive, collector, store, to, log }) => {
      const name = await archive('web');
      store.objects.set(`${folderOf}/${name}`, { bytes: Buffer.from('mine'), headers: {}, versions: 1 });
      assert.equal((await collector({ destination: to() }).look()).standings[0]?.state, 'failed');
      assert.match(String(log.at(-1)?.fields['reason']), /is another object/);
    }));
});

describe('the command', () => {
  it('goes on with an upload in parts that was cut, and lets go of one whose archive is gone', () =>
    inKubeletFolder(async ({ folder, state, large, run, root, write }) => {
      await using store = await startStore();
      const key = await write(
        'credentials',
        '[other]\naws_access_key_id = x\n[default]\naws_access_key_id = AKTEST\naws_secret_access_key = secret\n',
      );
      const name = await large('big', 40 << 20);
      const to = ['--to', 's3://evidence', '--s3-endpoint', store.place.endpoint.href, '--s3-region', 'test-1'];
      const args = ['collect', folder, ...to, '--state', state, '--settle', '0s', '--once'];
      const env = { AWS_SHARED_CREDENTIALS_FILE: key };
      store.meddle = (request) => (request.includes('partNumber=2') ? 503 : undefined);
      const cut = await run(args, env);
      assert.deepEqual([cut.code, store.uploads.size], [1, 1], cut.stderr);
      assert.match(cut.stderr, /an archive could not be pushed; it stays/);
      store.meddle = () => undefined;
      store.requests.length = 0;
      const ended = await run(args, env);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(store.requests.filter((each) => /^PUT .*partNumber/.test(each)).length, 2);
      const found = store.objects.get([...store.objects.keys()].find((each) => each.endsWith('.tar')) ?? '');
      assert.equal(digestOf(found?.bytes as Buffer), digestOf(await readFile(join(folder, name))));
      assert.ok(root);
    }));

  it('takes no words that mean nothing for a destination, nor memory in the open', () =>
    inKubeletFolder(async ({ folder, state, run }) => {
      const args = ['collect', folder, '--state', state, '--once', '--to'];
      const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
      const cases: [string[], RegExp][] = [
        [
          ['registry.example/a', '--object-lock', 'compliance', '--retain', '1d'],
          /--object-lock is not for a registry/,
        ],
        [['s3://evidence', '--s3-endpoint', 'http://store.example'], /without TLS/],
        [['s3://evidence', '--s3-endpoint', 'https://store.example', '--retain', '1d'], /go together/],
        [['s3://evidence'], /--s3-endpoint takes a URL/],
        [['oci:layout'], /no folder/],
      ];
      for (const [words, expected] of cases) {
        const { code, stderr } = await run([...args, ...words], env);
        assert.equal(code, 2, stderr);
        assert.match(stderr, expected);
      }
    }));
});
