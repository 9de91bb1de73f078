import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { planRetention, SKEW } from './plan.ts';
import { reasonText } from './reason.ts';
import { groupOf, LEVELS, type RetainedUnit, type RetentionPolicy, type RetentionRule, sizeOf } from './rules.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const DAY = 86_400_000;

/** One of a container `c`, so many days old. */
function unit(name: string, days: number | undefined, more: Partial<RetainedUnit> & { size?: number } = {}) {
  const { size = 1, ...rest } = more;
  const time = days === undefined ? undefined : NOW - days * DAY;
  const groups = { container: 'c', pod: 'p', namespace: 'n' };
  return { name, time, parts: new Map([[name, size]]), groups, pinned: false, ...rest };
}

const rule = (limits: Partial<RetentionRule>): RetentionPolicy => ({ rules: [{ per: 'container', ...limits }] });

/** Names of what goes, the newest first, and what is said of it. */
function going(units: readonly RetainedUnit[], policy: RetentionPolicy): Record<string, string> {
  const { units: planned } = planRetention(units, policy, NOW);
  return Object.fromEntries(planned.filter(({ goes }) => goes).map((each) => [each.unit.name, reasonText(each)]));
}

const why = (units: readonly RetainedUnit[], policy: RetentionPolicy, name: string) => {
  const found = planRetention(units, policy, NOW).units.find((each) => each.unit.name === name);
  return found && reasonText(found);
};

describe('keeping the newest', () => {
  const four = [unit('a', 4), unit('d', 1), unit('b', 3), unit('c', 2)];

  it('lets the oldest go, and says which they were', () => {
    assert.deepEqual(going(four, rule({ keep: 2 })), {
      b: 'number 3 of its container from the newest, keep is 2',
      a: 'number 4 of its container from the newest, keep is 2',
    });
    assert.deepEqual(going(four, rule({ keep: 4 })), {});
  });

  it('tells ties apart by name', () => {
    const same = ['b', 'c', 'a'].map((name) => unit(name, 1));
    assert.deepEqual(Object.keys(going(same, rule({ keep: 1 }))), ['b', 'c']);
  });

  it('counts by group', () => {
    const other = unit('x', 9, { groups: { container: 'other', pod: 'p', namespace: 'n' } });
    assert.deepEqual(Object.keys(going([...four, other], rule({ keep: 3 }))), ['a']);
    const perPod = { rules: [{ per: 'pod' as const, keep: 3 }] };
    assert.deepEqual(Object.keys(going([...four, other], perPod)), ['a', 'x']);
  });

  it('gives pinned ones a place, unless they are to be apart', () => {
    const pinned = [unit('old', 9, { pinned: true }), ...four];
    assert.deepEqual(Object.keys(going(pinned, rule({ keep: 2 }))), ['c', 'b', 'a']);
    assert.deepEqual(Object.keys(going(pinned, { ...rule({ keep: 2 }), pinsCount: false })), ['b', 'a']);
  });

  it('leaves the newest where pinned ones have all places, and tells that the limit is not met', () => {
    const units = [unit('new', 1), unit('p', 5, { pinned: true }), unit('q', 6, { pinned: true })];
    assert.deepEqual(going(units, rule({ keep: 1 })), {});
    assert.equal(why(units, rule({ keep: 1 }), 'new'), 'the newest one, which age and count leave');
    const { unmet } = planRetention(units, rule({ keep: 1 }), NOW);
    assert.deepEqual([unmet[0]?.found, unmet[0]?.because], [3, ['p', 'q']]);
  });

  it('does not count one that is being written, and counts one in use', () => {
    const writing = unit('w', 0, { held: { why: 'being written', counts: false } });
    assert.deepEqual(Object.keys(going([writing, ...four], rule({ keep: 4 }))), []);
    const used = unit('u', 9, { held: { why: 'open in process 7', counts: true } });
    assert.deepEqual(Object.keys(going([used, ...four], rule({ keep: 4 }))), ['a']);
    assert.equal(why([used], rule({ keep: 1 }), 'u'), 'open in process 7');
  });
});

describe('age', () => {
  it('leaves one that is just as old as it may be', () => {
    const units = [unit('new', 1), unit('just', 7), unit('over', 7.01)];
    assert.deepEqual(Object.keys(going(units, rule({ maxAge: 7 * DAY }))), ['over']);
  });

  it('lets go what is older, but not the newest', () => {
    const units = [unit('a', 20), unit('b', 9), unit('c', 8)];
    assert.deepEqual(going(units, rule({ maxAge: 7 * DAY })), {
      b: '9 d old, max-age is 7 d',
      a: '20 d old, max-age is 7 d',
    });
  });

  it('is not read from a time in the future or from none, which take no place either', () => {
    const skewed = unit('skewed', -(SKEW - 1) / DAY);
    const units = [unit('2099', -9999), unit('none', undefined), skewed, unit('a', 1), unit('b', 2)];
    assert.deepEqual(Object.keys(going(units, rule({ keep: 1, maxAge: DAY / 2 }))), ['a', 'b']);
    assert.match(why(units, rule({ keep: 1 }), '2099') ?? '', /in the future/);
    assert.match(why(units, rule({ keep: 1 }), 'none') ?? '', /without a time/);
  });

  it('takes nothing where the clock of this machine went back', () => {
    const units = [unit('a', 1), unit('b', 2)];
    assert.ok(planRetention(units, rule({ keep: 1, maxAge: 1 }), 0).units.every(({ goes }) => !goes));
  });
});

describe('size', () => {
  it('takes even the newest, and says so', () => {
    const units = [unit('a', 2), unit('b', 1, { size: 100 })];
    assert.deepEqual(going(units, rule({ maxSize: 50 })), {
      b: '100 B, max-size is 50 B; it is the newest of its container',
    });
  });

  it('of all lets the oldest go until they fit, and no more', () => {
    const units = [unit('a', 3, { size: 5 }), unit('b', 2, { size: 5 }), unit('c', 1, { size: 5 })];
    assert.deepEqual(going(units, rule({ maxTotalSize: 10 })), {
      a: 'its container has 15 B, max-total-size is 10 B',
    });
    assert.deepEqual(Object.keys(going(units, rule({ maxTotalSize: 4 }))), ['c', 'b', 'a']);
  });

  it('counts once what two share, and tells who is in the way', () => {
    const shared = (name: string, days: number, pinned = false) =>
      unit(name, days, {
        pinned,
        parts: new Map([
          ['pack', 90],
          [name, 1],
        ]),
      });
    const units = [shared('a', 3), shared('b', 2, true), shared('c', 1)];
    assert.deepEqual(Object.keys(going(units, rule({ maxTotalSize: 92 }))), ['a']);
    const { unmet } = planRetention(units, rule({ maxTotalSize: 80 }), NOW);
    assert.deepEqual([unmet[0]?.found, unmet[0]?.because], [91, ['b']]);
  });
});

describe('several rules', () => {
  it('work one after the other on what is left', () => {
    const units = [1, 2, 3, 4].map((days) => unit(`d${days}`, days, { size: 10 }));
    const rules = [
      { per: 'container', keep: 3 },
      { per: 'all', maxTotalSize: 20 },
    ] as const;
    const { units: planned } = planRetention(units, { rules }, NOW);
    const limits = planned.flatMap((each) => (each.goes ? [[each.unit.name, each.cause.limit]] : []));
    assert.deepEqual(limits, [
      ['d3', 'max-total-size'],
      ['d4', 'keep'],
    ]);
  });
});

describe('a rule for some', () => {
  const of = (name: string, days: number, ...address: string[]) => unit(name, days, { address });
  const web = [
    of('w1', 1, 'default', 'web', 'app'),
    of('w2', 2, 'default', 'web', 'app'),
    of('w3', 3, 'default', 'web'),
  ];
  const others = [of('o1', 1, 'default', 'db', 'app'), of('o2', 2, 'default', 'db', 'app'), unit('u', 9)];

  it('is about nothing else', () => {
    const policy = { rules: [{ per: 'all' as const, of: ['default', 'web'], keep: 1 }] };
    assert.deepEqual(Object.keys(going([...web, ...others], policy)), ['w2', 'w3']);
    const container = { rules: [{ per: 'all' as const, of: ['default', 'web', 'app'], keep: 1 }] };
    assert.deepEqual(Object.keys(going([...web, ...others], container)), ['w2']);
  });

  it('goes before those for more, as the operator has it', () => {
    const rules = [
      { per: 'all', keep: 1 },
      { per: 'all', of: ['default'], keep: 2 },
      { per: 'all', of: ['default', 'web'], keep: 3 },
    ] as const;
    assert.deepEqual(Object.keys(going([...web, ...others], { rules })), []);
    assert.deepEqual(Object.keys(going([...web, ...others], { rules: rules.slice(0, 2) })), ['o2', 'w2', 'w3']);
  });
});

const arbitraryUnit = fc.record({
  name: fc.string({ maxLength: 3 }),
  time: fc.option(
    fc.oneof(
      fc.integer({ min: NOW - 20 * DAY, max: NOW + 2 * SKEW }),
      fc.constantFrom(NOW - DAY, NOW, Number.NaN, Number.POSITIVE_INFINITY, -1),
    ),
    { nil: undefined },
  ),
  parts: fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z', 'own'), fc.integer({ min: 0, max: 50 })), { maxLength: 3 }),
  group: fc.constantFrom('g', 'h'),
  pinned: fc.boolean(),
  held: fc.option(fc.record({ why: fc.constant('used'), counts: fc.boolean() }), { nil: undefined, freq: 6 }),
});
const arbitraryUnits = fc.uniqueArray(arbitraryUnit, { selector: ({ name }) => name, maxLength: 12 }).map((all) =>
  all.map(
    ({ group, parts, ...rest }): RetainedUnit => ({
      ...rest,
      // A shared part has one size, whoever has it.
      parts: new Map(parts.map(([part, bytes]) => (part === 'own' ? [`own ${rest.name}`, bytes] : [part, 10]))),
      groups: { container: `${group} ${rest.name.length}`, pod: group, namespace: 'n' },
      address: ['n', group],
    }),
  ),
);
const limit = (max: number) => fc.option(fc.integer({ min: 0, max }), { nil: undefined });
const arbitraryPolicy: fc.Arbitrary<RetentionPolicy> = fc.record({
  rules: fc.array(
    fc.record({
      per: fc.constantFrom(...LEVELS),
      of: fc.constantFrom(undefined, ['n'], ['n', 'g'], ['other']),
      keep: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
      maxAge: limit(20 * DAY),
      maxTotalSize: limit(120),
      maxSize: limit(60),
    }),
    { maxLength: 3 },
  ),
  pinsCount: fc.boolean(),
});

describe('whatever the policy', () => {
  const holds = (check: (units: readonly RetainedUnit[], policy: RetentionPolicy) => void) =>
    fc.assert(fc.property(arbitraryUnits, arbitraryPolicy, check), { numRuns: 400 });
  const plan = (units: readonly RetainedUnit[], policy: RetentionPolicy) => planRetention(units, policy, NOW).units;

  it('every unit has one verdict, the same in whatever order they come', () =>
    holds((units, policy) => {
      const planned = plan(units, policy);
      assert.deepEqual(new Set(planned.map((each) => each.unit)), new Set(units));
      assert.deepEqual(plan(units.toReversed(), policy), planned);
    }));

  it('nothing goes that is pinned or held', () =>
    holds((units, policy) => {
      for (const each of plan(units, policy)) assert.ok(!each.goes || !(each.unit.pinned || each.unit.held));
    }));

  it('a second time takes nothing more', () =>
    holds((units, policy) => {
      const left = plan(units, policy).flatMap((each) => (each.goes ? [] : [each.unit]));
      assert.deepEqual(
        plan(left, policy).filter(({ goes }) => goes),
        [],
      );
    }));

  it('a count takes no more than is over it', () =>
    fc.assert(
      fc.property(arbitraryUnits, fc.integer({ min: 1, max: 6 }), fc.constantFrom(...LEVELS), (units, keep, per) => {
        const planned = plan(units, { rules: [{ per, keep }] });
        for (const each of planned) {
          if (!each.goes) continue;
          const group = groupOf(each.unit, per);
          const left = planned.filter((other) => !other.goes && groupOf(other.unit, per) === group);
          assert.ok(left.length >= keep);
        }
      }),
    ));

  it('the newest of a group that has a time goes for a size only, and it is said', () =>
    fc.assert(
      fc.property(arbitraryUnits, arbitraryPolicy, (units, { rules: [first], pinsCount }) => {
        if (!first) return;
        const planned = plan(units, { rules: [{ ...first, of: undefined }], pinsCount });
        const dated = planned.filter(({ unit: { time, pinned, held } }) => {
          const believed = time !== undefined && Number.isFinite(time) && time <= NOW + SKEW;
          return believed && held?.counts !== false && (!pinned || pinsCount);
        });
        for (const [, members] of Map.groupBy(dated, (each) => groupOf(each.unit, first.per))) {
          const [newest] = members;
          if (!newest?.goes) continue;
          assert.match(newest.cause.limit, /size/);
          assert.ok(newest.cause.newest);
        }
      }),
    ));

  it('a total that could be met is met', () =>
    fc.assert(
      fc.property(arbitraryUnits, fc.integer({ min: 0, max: 120 }), (units, maxTotalSize) => {
        const { units: planned, unmet } = planRetention(units, { rules: [{ per: 'all', maxTotalSize }] }, NOW);
        const left = planned.filter((each) => !each.goes && each.unit.held?.counts !== false);
        const parts = new Map(left.flatMap(({ unit: { parts } }) => [...parts]));
        if (unmet.length === 0) assert.ok(sizeOf({ parts }) <= maxTotalSize);
        // Nobody went after it was met: with the newest of those that went, it would not be.
        const [last] = planned.filter(({ goes }) => goes);
        if (last) assert.ok(sizeOf({ parts: new Map([...parts, ...last.unit.parts]) }) > maxTotalSize);
      }),
    ));
});
