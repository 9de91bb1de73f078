/** The chain store on the real stack, at a size that every run can afford; tests/endurance/chain.ts does a GiB. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '@stillframe/testkit';
import { goesOn, isItself, makeChain } from './chain.ts';
import { type CriLab, openCriLab } from './lab.ts';

const COUNT = 5;
const MEGABYTES = 64;
const RESTORED = [0, 2, COUNT - 1];

describe('a chain of checkpoints', needs('checkpoint', 'docker-registry', 'gcc'), () => {
  let lab: CriLab;
  let chain: Awaited<ReturnType<typeof makeChain>>;
  before(async () => {
    lab = await openCriLab();
    chain = await makeChain(lab, { megabytes: MEGABYTES, count: COUNT });
  });
  after(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  test('takes little more than the first and what changed, in the store and on the wire', () => {
    const [first = 0] = chain.sent;
    const store = chain.store.at(-1) ?? 0;
    const allowed = (chain.archives[0] ?? 0) * (1 + 0.067 * (COUNT - 1));
    assert.ok(store <= allowed, `${store} bytes in the store, ${allowed} allowed`);
    for (const sent of chain.sent.slice(1))
      assert.ok(sent > 0 && sent <= 0.08 * first, `${sent} of ${first} bytes sent`);
  });

  for (const round of RESTORED) {
    test(`checkpoint ${round} comes back as it was, and goes on from there`, async () => {
      const place = `oci:${chain.layout}:c${round}`;
      await isItself(lab, chain, round);
      await goesOn(lab, chain, { what: place, round });
    });
  }

  test('a chain image in a registry is pulled by the node, put together there, and restored', async () => {
    await goesOn(lab, chain, { what: `${lab.registry}/chained/rewriter:c${COUNT - 1}`, round: COUNT - 1 });
  });
});
