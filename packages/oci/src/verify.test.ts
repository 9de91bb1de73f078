import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunked, collect, describeBytes } from './content.suite.ts';
import { isReplayable, verified, verifyBytes } from './verify.ts';

const wrongBytes = fc.uint8Array({ maxLength: 200 });

describe('verified', () => {
  it('hands on right content, in whatever chunks it comes', async () => {
    await fc.assert(
      fc.asyncProperty(wrongBytes, fc.integer({ min: 1, max: 50 }), async (bytes, step) => {
        const got = await collect(verified(chunked(bytes, step), describeBytes(bytes)));
        assert.deepEqual(got, bytes);
      }),
    );
  });

  it('never hands on all bytes of wrong content', async () => {
    await fc.assert(
      fc.asyncProperty(wrongBytes, wrongBytes, fc.integer({ min: 1, max: 50 }), async (claimed, actual, step) => {
        fc.pre(Buffer.compare(claimed, actual) !== 0);
        let handed = 0;
        await assert.rejects(
          async () => {
            for await (const chunk of verified(chunked(actual, step), describeBytes(claimed))) handed += chunk.length;
          },
          { kind: 'data-loss' },
        );
        assert.ok(handed < Math.max(1, claimed.length));
      }),
    );
  });

  it('stops at the first byte too many of content without end', async () => {
    const endless = (async function* () {
      for (;;) yield new Uint8Array(1000);
    })();
    await assert.rejects(collect(verified(endless, describeBytes(new Uint8Array(5000)))), {
      code: 'ERR_OCI_CONTENT_LONG',
    });
  });

  it('starts anew with each iteration', async () => {
    const bytes = randomBytes(100);
    const content = verified(chunked(bytes, 7), describeBytes(bytes));
    assert.equal(isReplayable(content), true);
    assert.equal((await collect(content)).length, 100);
    assert.equal((await collect(content)).length, 100);
  });
});

describe('verifyBytes', () => {
  it('tells short, long and wrong apart', () => {
    const bytes = randomBytes(10);
    const expected = describeBytes(bytes);
    verifyBytes(bytes, expected);
    assert.throws(() => verifyBytes(bytes.subarray(1), expected), { code: 'ERR_OCI_CONTENT_SHORT' });
    assert.throws(() => verifyBytes(Buffer.concat([bytes, bytes]), expected), { code: 'ERR_OCI_CONTENT_LONG' });
    assert.throws(() => verifyBytes(randomBytes(10), expected), { code: 'ERR_OCI_CONTENT_WRONG' });
  });
});
