/** Objects in parts: what is sent, what is gone on with, what is never replaced, and what answers mean. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bucket, type ObjectFacts } from './bucket.ts';
import { type MultipartOptions, partSizeOf, upload } from './multipart.ts';
import { startStore, type TestStore } from './store.fixture.ts';
import { elements, elementText } from './xml.ts';

const KEY = 'node-1/checkpoint-web_default-app-2026-01-01T00:00:00+02:00.tar';
const until = new Date('2027-01-01T00:00:00Z');
const facts: ObjectFacts = {
  contentType: 'application/x-tar',
  metadata: { digest: 'd' },
  lock: { mode: 'COMPLIANCE', until },
};
const { signal } = new AbortController();

/** As small parts as a test wants: only stores forbid them. */
const options = (more: Partial<MultipartOptions> = {}): MultipartOptions => ({
  ...{ facts, partSize: 10, begun: async () => undefined, onProgress: () => undefined, signal },
  ...more,
});

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

async function atStore(use: (store: TestStore, bucket: Bucket) => Promise<void>): Promise<void> {
  await using store = await startStore();
  await use(store, new Bucket(store.place));
}

describe('an object', () => {
  it('goes in parts of one size, in order, with its metadata and its lock', () =>
    atStore(async (store, bucket) => {
      assert.equal(await upload(bucket, KEY, pieces('0123456', '789abcdef', '', 'ghijk'), options()), true);
      assert.equal(String(store.objects.get(KEY)?.bytes), '0123456789abcdefghijk');
      assert.deepEqual(await bucket.head(KEY, signal), { size: 21, metadata: { digest: 'd' }, lock: facts.lock });
      assert.deepEqual(
        store.requests.filter((each) => each.startsWith('PUT')).map((each) => /partNumber=\d+/.exec(each)?.[0]),
        ['partNumber=1', 'partNumber=2', 'partNumber=3'],
      );
    }));

  it('that fits into one part goes in one request, an empty one, too', () =>
    atStore(async (store, bucket) => {
      await upload(bucket, 'full', pieces('0123456789'), options());
      await upload(bucket, 'empty', pieces(), options());
      assert.deepEqual(
        ['full', 'empty'].map((key) => store.objects.get(key)?.bytes.length),
        [10, 0],
      );
      assert.equal(store.requests.length, 2);
    }));

  it('that is there is never replaced', () =>
    atStore(async (store, bucket) => {
      await upload(bucket, KEY, pieces('first'), options());
      assert.equal(await upload(bucket, KEY, pieces('second'), options()), false);
      assert.equal(await upload(bucket, KEY, pieces('a second one in parts'), options()), false);
      assert.equal(store.uploads.size, 0);
      assert.deepEqual([String(store.objects.get(KEY)?.bytes), store.objects.get(KEY)?.versions], ['first', 1]);
    }));

  it('whose bytes fail in the middle does not come to be', () =>
    atStore(async (store, bucket) => {
      async function* failing() {
        yield* pieces('0123456789abcdef');
        throw new Error('not what was captured');
      }
      await assert.rejects(upload(bucket, KEY, failing(), options()), /not what was captured/);
      assert.equal(store.objects.size, 0);
    }));
});

describe('an upload that was cut', () => {
  const text = '0123456789abcdefghijklmnopqrstuvwxyz-and-more';

  /** Cut at the fourth part; the id that was kept. */
  async function cut(store: TestStore, bucket: Bucket): Promise<string> {
    let id = '';
    store.meddle = (request) => (request.includes('partNumber=4') ? 503 : undefined);
    const begun = async (begunId: string) => {
      id = begunId;
    };
    await assert.rejects(upload(bucket, KEY, pieces(text), options({ begun })), { code: 'ERR_S3_UNAVAILABLE' });
    store.meddle = () => undefined;
    store.requests.length = 0;
    return id;
  }

  it('is gone on with: parts that are there are compared, and not sent again', () =>
    atStore(async (store, bucket) => {
      const resume = await cut(store, bucket);
      await upload(bucket, KEY, pieces(text), options({ resume }));
      assert.equal(String(store.objects.get(KEY)?.bytes), text);
      const sent = store.requests.filter((each) => each.startsWith('PUT'));
      assert.deepEqual(
        sent.map((each) => /partNumber=(\d)/.exec(each)?.[1]),
        ['4', '5'],
      );
    }));

  it('sends a part again that is not what it should be', () =>
    atStore(async (store, bucket) => {
      const resume = await cut(store, bucket);
      store.uploads.get(resume)?.parts.set(2, Buffer.from('0000000000'));
      await upload(bucket, KEY, pieces(text), options({ resume }));
      assert.equal(String(store.objects.get(KEY)?.bytes), text);
      assert.equal(store.requests.filter((each) => each.startsWith('PUT')).length, 3);
    }));

  it('is begun anew where the store does not know it any more', () =>
    atStore(async (store, bucket) => {
      const resume = await cut(store, bucket);
      await bucket.abort(KEY, resume, signal);
      await bucket.abort(KEY, resume, signal);
      await upload(bucket, KEY, pieces(text), options({ resume }));
      assert.equal(String(store.objects.get(KEY)?.bytes), text);
    }));
});

describe('what a store says', () => {
  it('is told by what is to be done about it, in its own words, made harmless', () =>
    atStore(async (store, bucket) => {
      const codes = { 403: 'ERR_S3_DENIED', 404: 'ERR_S3_NOT_FOUND', 503: 'ERR_S3_UNAVAILABLE', 400: 'ERR_S3_REFUSED' };
      for (const [status, code] of Object.entries(codes)) {
        store.meddle = () => Number(status);
        await assert.rejects(bucket.put('a', new Uint8Array(), facts, signal), { code, message: /Meddled, no & no/ });
      }
      const endpoint = new URL('http://127.0.0.1:4');
      const nowhere = new Bucket({ ...store.place, endpoint });
      await assert.rejects(nowhere.head('a', signal), { code: 'ERR_S3_UNREACHABLE', message: /ECONNREFUSED/ });
    }));

  it('by a wrong key is a refusal', () =>
    atStore(async (store) => {
      const credentials = async () => ({ accessKeyId: 'AKTEST', secretAccessKey: 'wrong' });
      await assert.rejects(new Bucket({ ...store.place, credentials }).put('a', new Uint8Array(), facts, signal), {
        code: 'ERR_S3_DENIED',
      });
    }));

  it('is read without a parser of XML, as far as these documents go', () => {
    const text = '<a xmlns="x"><b>1 &lt; &#50; &#x33; &amp;amp;</b><Part n="1">p</Part><Part>q</Part></a>';
    assert.equal(elementText(text, 'b'), '1 < 2 3 &amp;');
    assert.deepEqual(elements(text, 'Part'), ['p', 'q']);
    assert.equal(elementText(text, 'c'), undefined);
  });
});

it('parts are 16 MiB, and larger where 10,000 of them would not do', () => {
  const MiB = 1 << 20;
  assert.deepEqual([1, 100 * 1024 * MiB, 1024 * 1024 * MiB].map(partSizeOf), [16 * MiB, 16 * MiB, 105 * MiB]);
});
