import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from './byte-set.ts';
import { readExpression } from './expression.ts';

/** Anchors as text: a set of several bytes in brackets, then where in the match it stands. */
function anchors(source: string, ignoreCase = false): string[] {
  return readExpression('x', source, ignoreCase).anchors.map(({ sets, before }) => {
    const text = sets.map((set) => {
      const characters = String.fromCharCode(...bytesOf(set));
      return characters.length === 1 ? characters : `[${characters.length > 6 ? characters.length : characters}]`;
    });
    return `${text.join('')} ${before.least}-${before.most}`;
  });
}

test('what every match holds is read off an expression, with its place', () => {
  assert.deepEqual(anchors('password=\\w+'), ['password=[63] 0-0']);
  assert.deepEqual(anchors('AKIA[0-9A-Z]{3}'), ['AKIA[36][36][36] 0-0']);
  assert.deepEqual(anchors('\\b(?:AKIA|ASIA)x'), ['AKIA 0-0', 'ASIA 0-0']);
  assert.deepEqual(anchors('.{2,5}sk_live_'), ['sk_live_ 2-5']);
  assert.deepEqual(anchors('.*xoxb-'), ['xoxb- 0-Infinity']);
  assert.deepEqual(anchors('(?:ab){2}cd'), ['ababcd 0-0']);
  assert.deepEqual(anchors('Key|tok(?=en)', true), ['[Kk][Ee][Yy] 0-0', '[Tt][Oo][Kk] 0-0']);
});

test('what stands everywhere is no anchor, nor what may be left out', () => {
  assert.deepEqual(anchors('[a-z]+\\d'), []);
  assert.deepEqual(anchors('(?:secret)?.'), []);
  assert.deepEqual(anchors('secret|.'), []);
  assert.deepEqual(anchors('\\0\\0\\0'), []);
  assert.deepEqual(anchors('(?!secret)..'), []);
  assert.deepEqual(anchors('(?i:secret)'), []);
});

test('repetitions within repetitions are read in no time', () => {
  const begin = performance.now();
  anchors(`${'(?:'.repeat(30)}x${'{2,9}y)'.repeat(3)}${')?'.repeat(27)}z`);
  anchors('(?:a|b|c|d|e|f)'.repeat(200));
  assert.ok(performance.now() - begin < 15_000);
});
