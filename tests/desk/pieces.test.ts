/** Pieces of memory are fetched once, and again where the first time was called off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIECE, Pieces } from '@stillframe/ui/pieces';

test('what was called off is asked for again, by whoever scrolled on meanwhile', async (t) => {
  const waiting: (() => void)[] = [];
  t.mock.method(globalThis, 'fetch', (_: string, { signal }: { signal: AbortSignal }) => {
    const answer = Promise.withResolvers<Response>();
    signal.addEventListener('abort', () => answer.reject(signal.reason));
    waiting.push(() => answer.resolve(Response.json({ base64: 'AQ==', ranges: [] })));
    return answer.promise;
  });
  const pieces = new Pieces('0', 7);
  const [first, second] = [new AbortController(), new AbortController()];
  const drawn = () => undefined;
  const gone = assert.rejects(pieces.want(PIECE, PIECE + 1n, drawn, first.signal));
  first.abort();
  // Before the first has ended.
  const comes = pieces.want(PIECE, PIECE + 1n, drawn, second.signal);
  assert.equal(waiting.length, 2);
  await gone;
  const once = pieces.want(PIECE, PIECE + 1n, drawn, second.signal);
  assert.equal(waiting.length, 2);
  waiting[1]?.();
  await Promise.all([comes, once]);
  assert.deepEqual([...(pieces.at(PIECE + 5n)?.bytes ?? [])], [1]);
});
