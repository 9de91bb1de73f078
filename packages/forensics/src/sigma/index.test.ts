import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '@stillframe/core';
import { judged, processRow } from '../rules/tables.fixture.ts';
import { sigmaRules } from './index.ts';

const LOGSOURCE = { product: 'linux', category: 'process_creation' };

function rulesOf(...documents: unknown[]) {
  const slow: Diagnostic[] = [];
  const given = documents.map((document) => ({ source: 'a.yml', document }));
  return { ...sigmaRules(given, (fault) => slow.push(fault)), slow };
}

function ruleOf(detection: object, more: object = {}) {
  return rulesOf({ title: 'A test', logsource: LOGSOURCE, detection, ...more });
}

test('a rule says what Sigma says of it, and finds processes by themselves and their parents', () => {
  const { rules, skipped } = ruleOf(
    { selection: [{ 'Image|endswith': '/sh', User: 'root' }, { ProcessId: 99 }], condition: 'selection' },
    {
      ...{ id: 'AB-12', level: 'critical', tags: ['attack.execution', 'attack.t1059.004'] },
      ...{ description: 'Why.', falsepositives: ['One', 'Two'] },
    },
  );
  assert.deepEqual(skipped, []);
  const [rule] = rules;
  assert.ok(rule);
  const { id, severity, techniques, why, benign } = rule;
  assert.deepEqual(
    { id, severity, techniques, why, benign },
    { id: 'sigma-ab-12', severity: 'critical', techniques: ['T1059.004'], why: 'Why.', benign: 'One; Two' },
  );
  const executable = { path: '/bin/sh', deleted: false, memfd: false, filesystem: 'overlay' };
  const processes = [processRow({ pid: 7, executable }), processRow({ pid: 99 })];
  assert.deepEqual(
    judged(rule, { processes }).map(({ references }) => references),
    [[{ kind: 'process', pid: 99 }]],
  );
});

test('keywords, several conditions, and all values at once', () => {
  const processes = [processRow({ arguments: ['curl', '-s', 'http://x'] })];
  const finds = (detection: object) => {
    const { rules, skipped } = ruleOf(detection);
    assert.deepEqual(skipped, []);
    return rules.flatMap((rule) => judged(rule, { processes })).length;
  };
  assert.equal(finds({ keywords: ['wget', 'HTTP://'], condition: 'keywords' }), 1);
  assert.equal(finds({ keywords: { '|all': ['wget', 'http://'] }, condition: 'keywords' }), 0);
  assert.equal(finds({ a: { 'CommandLine|contains|all': ['curl', '-s'] }, condition: 'a' }), 1);
  assert.equal(finds({ a: { 'CommandLine|contains|all': ['curl', '-k'] }, condition: 'a' }), 0);
  assert.equal(finds({ a: ['wget'], b: ['curl'], condition: ['a', 'b'] }), 1);
});

test('a rule that asks for more than is judged is skipped, and says what for', () => {
  const sound = { a: ['x'], condition: 'a' };
  const documents: readonly (readonly [RegExp, unknown])[] = [
    [/no map/, 'text'],
    [/correlation/, { title: 't', correlation: {} }],
    [/product "windows"/, { title: 't', logsource: { product: 'windows' }, detection: sound }],
    [/service "auditd"/, { title: 't', logsource: { product: 'linux', service: 'auditd' }, detection: sound }],
    [/category "dns"/, { title: 't', logsource: { category: 'dns' }, detection: sound }],
    [/field "Hashes"/, { title: 't', logsource: LOGSOURCE, detection: { a: { Hashes: 'x' }, condition: 'a' } }],
    [/timeframe/, { title: 't', logsource: LOGSOURCE, detection: { ...sound, timeframe: '5m' } }],
    [/aggregation/, { title: 't', logsource: LOGSOURCE, detection: { ...sound, condition: 'a | count() > 3' } }],
    [/level/, { title: 't', level: 'bad', logsource: LOGSOURCE, detection: sound }],
    [/list without values/, { title: 't', logsource: LOGSOURCE, detection: { a: [], condition: 'a' } }],
  ];
  for (const [message, document] of documents) {
    const { rules, skipped } = rulesOf(document);
    assert.equal(rules.length, 0);
    assert.match(skipped[0]?.message ?? '', message);
  }
  const rule = { title: 'Same', logsource: LOGSOURCE, detection: sound };
  assert.match(rulesOf(rule, rule).skipped[0]?.message ?? '', /another rule has too/);
});

test('a rule whose expression goes back for ever is given up and said', () => {
  const { rules, slow } = ruleOf({ a: { 'CommandLine|re': '^(a+)+$' }, condition: 'a' });
  const processes = [processRow({ arguments: [`${'a'.repeat(100)}b`] })];
  assert.deepEqual(
    rules.flatMap((rule) => judged(rule, { processes })),
    [],
  );
  assert.equal(slow[0]?.id, 'sigma-rule-slow');
});
