import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Condition, conditionText, demandNames, holds, parseCondition } from './condition.ts';
import { Unsupported } from './unsupported.ts';

const NAMES = ['selection_a', 'selection_b', 'filter', '_hidden'];

function judged(text: string, ...matching: string[]): boolean {
  const condition = parseCondition(text);
  demandNames(condition, NAMES);
  return holds(condition, NAMES, (name) => matching.includes(name));
}

test('not binds before and, and before or; parentheses before all', () => {
  assert.equal(judged('filter or selection_a and selection_b', 'filter'), true);
  assert.equal(judged('(filter or selection_a) and selection_b', 'filter'), false);
  assert.equal(judged('not filter and selection_a', 'selection_a'), true);
  assert.equal(judged('not (filter or selection_a)', 'selection_a'), false);
  assert.equal(judged('selection_a AND NOT filter', 'selection_a', 'filter'), false);
});

test('of stands for selections by name; them leaves out those that begin with _', () => {
  assert.equal(judged('1 of selection_*', 'selection_b'), true);
  assert.equal(judged('all of selection_*', 'selection_b'), false);
  assert.equal(judged('all of them', 'selection_a', 'selection_b', 'filter'), true);
  assert.equal(judged('1 of them', '_hidden'), false);
  assert.equal(judged('any of selection_* and not 1 of filter*', 'selection_a', 'filter'), false);
});

test('what is not known is said', () => {
  const faults = {
    'selection_a | count() > 5': /aggregation/,
    'selection_a near filter': /near/,
    '2 of selection_*': /"2" of selections/,
    nobody: /"nobody"/,
    '1 of nobody*': /"nobody\*"/,
    '(selection_a': /not closed/,
    'selection_a filter': /"filter" at this place/,
    'selection_a and': /ends too early/,
    '': /ends too early/,
    [`${'not '.repeat(100)}filter`]: /nested/,
    [`${'('.repeat(100)}filter`]: /nested/,
  };
  for (const [text, message] of Object.entries(faults))
    assert.throws(
      () => judged(text),
      (fault) => fault instanceof Unsupported && message.test(fault.message),
      text,
    );
});

const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((text) => !/^(?:and|or|not|of|them|near)$/.test(text));
const PLAIN = { noNullPrototype: true };
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 5 },
    fc.record({ kind: fc.constant('name' as const), name }, PLAIN),
    fc.record(
      {
        ...{ kind: fc.constant('of' as const), quantity: fc.constantFrom('1' as const, 'all' as const) },
        names: fc.oneof(
          name,
          fc.constant('them'),
          name.map((text) => `${text}*`),
        ),
      },
      PLAIN,
    ),
    fc.record({ kind: fc.constant('not' as const), part: tie('condition') }, PLAIN),
    fc.record(
      {
        kind: fc.constantFrom('and' as const, 'or' as const),
        parts: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }),
      },
      PLAIN,
    ),
  ),
}));

test('property: what is printed is parsed to the same', () => {
  fc.assert(
    fc.property(condition, (given) => {
      const text = conditionText(given);
      fc.pre(text.length <= 4096);
      assert.deepEqual(parseCondition(text), given);
    }),
  );
});

test('property: every text is parsed or refused by an error of ours', () => {
  const words = fc.constantFrom('and', 'or', 'not', '1', 'all', 'of', 'them', '(', ')', 'a', 'b*', '|', ' ', '\n', '"');
  const text = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 40 }).map((each) => each.join(' ')),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        parseCondition(given);
      } catch (fault) {
        assert.ok(fault instanceof Unsupported, String(fault));
      }
    }),
  );
});
