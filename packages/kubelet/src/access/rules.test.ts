import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigFault } from '@stillframe/core/schema';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { attributesOf, NODE_SUBRESOURCES } from './attributes.ts';
import { type Asked, allowingRule, parseRules, type Rule } from './rules.ts';

const HEAD = 'apiVersion: stillframe.io/v1\nkind: AccessRules\n';
const FILE = `${HEAD}rules:
  - users: [jane]
    groups: [forensics]
    verbs: [create]
    resources: [nodes/checkpoint, pods/log]
    namespaces: [shop, default]
  - { groups: [system:authenticated], verbs: [get], resources: [nodes/healthz] }
  - { users: [root], verbs: ["*"], resources: ["*"] }
`;
const asked = (name: string, verb: string, resource: string, more: Partial<Asked> & { groups?: string[] } = {}) => ({
  user: { name, groups: more.groups ?? ['system:authenticated'] },
  verb,
  resource,
  kubeNamespace: more.kubeNamespace,
});

test('rules give what they say, to users or groups, in namespaces', () => {
  const rules = parseRules(FILE);
  const judge = (...what: Parameters<typeof asked>) => allowingRule(rules, asked(...what));
  assert.equal(judge('jane', 'create', 'nodes/checkpoint', { kubeNamespace: 'shop' }), 0);
  assert.equal(judge('jim', 'create', 'nodes/checkpoint', { kubeNamespace: 'shop', groups: ['forensics'] }), 0);
  assert.equal(judge('jane', 'create', 'nodes/checkpoint', { kubeNamespace: 'kube-system' }), undefined);
  assert.equal(judge('jane', 'create', 'nodes/checkpoint'), undefined, 'about no pod');
  assert.equal(judge('jane', 'get', 'nodes/checkpoint', { kubeNamespace: 'shop' }), undefined);
  assert.equal(judge('jim', 'create', 'nodes/checkpoint', { kubeNamespace: 'shop' }), undefined);
  assert.equal(judge('jim', 'get', 'nodes/healthz'), 1);
  assert.equal(judge('root', 'delete', 'nodes/proxy'), 2);
  assert.equal(judge('root', '', 'nodes/proxy'), undefined, 'a method that has no verb');
});

test('the example of the documentation is one', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../../docs/kubelet-api.md'), 'utf8');
  const rules = parseRules(text.split('```yaml\n')[1]?.split('```')[0] ?? '');
  assert.equal(rules.length, 3);
});

test('JSON is read as well', () => {
  const rule = { users: ['a'], verbs: ['get'], resources: ['pods/*'] };
  const rules = parseRules(JSON.stringify({ apiVersion: 'stillframe.io/v1', kind: 'AccessRules', rules: [rule] }));
  assert.equal(allowingRule(rules, asked('a', 'get', 'pods/log')), 0);
  assert.equal(allowingRule(rules, asked('a', 'get', 'nodes/log')), undefined);
});

test('what would be read otherwise than it was meant is refused, with its place', () => {
  const faults = [
    ['rules: []', /apiVersion/],
    [`${HEAD}rules: [{ verbs: [get], resources: [nodes/pods] }]`, /rules\[0\] names neither users nor groups/],
    [`${HEAD}rules: [{ users: [a], verbs: [list], resources: [nodes/pods] }]`, /rules\[0\]\.verbs\[0\]/],
    [`${HEAD}rules: [{ users: [a], verbs: [get], resources: [nodes/checkpoints] }]`, /rules\[0\]\.resources\[0\]/],
    [`${HEAD}rules: [{ users: [a], verbs: [get], resources: [nodes/pods], namespaces: [] }]`, /namespaces is empty/],
    [`${HEAD}rules: [{ users: [a], verbs: [], resources: [nodes/pods] }]`, /verbs is empty/],
    [`${HEAD}rules: [{ user: a, verbs: [get], resources: [nodes/pods] }]`, /rules\[0\]\.user is no known key/],
    [`${HEAD}rules: [{ users: [yes], verbs: [get], resources: [nodes/pods] }]\nrules: []`, /unique/i],
    [`${HEAD}rules: [{ users: [1], verbs: [get], resources: [nodes/pods] }]`, /rules\[0\]\.users\[0\] is not a text/],
  ] as const;
  for (const [text, words] of faults) assert.throws(() => parseRules(text), words, text);
});

test('whatever a file holds, it is rules or an error', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.constant(null), fc.boolean(), tie('list'), tie('map')),
    list: fc.array(tie('any'), { maxLength: 4 }),
    map: fc.dictionary(
      fc.constantFrom('rules', 'users', 'groups', 'verbs', 'resources', 'namespaces', '__proto__', 'x'),
      tie('any'),
      { maxKeys: 6 },
    ),
  })).any;
  fc.assert(
    fc.property(value, (rules) => {
      try {
        const text = JSON.stringify({ apiVersion: 'stillframe.io/v1', kind: 'AccessRules', rules });
        for (const rule of parseRules(text)) assert.ok(rule.users.length + rule.groups.length > 0);
      } catch (error) {
        assert.ok(error instanceof ConfigFault || (error as Error).name === 'YAMLParseError', String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('whatever the text, it is rules or an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 300 }), (text) => {
      try {
        parseRules(`${HEAD}rules:\n${text}`);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
    { numRuns: 1000 },
  );
});

test('nobody has a right that no rule names him, the verb, the resource and the namespace for', () => {
  const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
  const rule: fc.Arbitrary<Rule> = fc.record({
    users: some('a', 'b'),
    groups: fc.uniqueArray(fc.constantFrom('g', 'h'), { maxLength: 1 }),
    verbs: some('get', 'create'),
    resources: some('nodes/pods', 'pods/log', 'pods/*'),
    namespaces: fc.option(some('x', 'y'), { nil: undefined }),
  });
  const question = fc.record({
    user: fc.record({ name: fc.constantFrom('a', 'b', 'c'), groups: fc.subarray(['g', 'h']) }),
    verb: fc.constantFrom('get', 'create', 'delete'),
    resource: fc.constantFrom('nodes/pods', 'pods/log', 'nodes/proxy'),
    kubeNamespace: fc.constantFrom('x', 'z', undefined),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 3 }), question, (rules, what) => {
      const { user, verb, resource, kubeNamespace } = what;
      const expected = rules.findIndex(
        (r) =>
          (r.users.includes(user.name) || r.groups.some((g) => user.groups.includes(g))) &&
          r.verbs.includes(verb) &&
          (r.resources.includes(resource) || (resource.startsWith('pods/') && r.resources.includes('pods/*'))) &&
          (r.namespaces === undefined || r.namespaces.some((n) => n === kubeNamespace)),
      );
      assert.equal(allowingRule(rules, what), expected < 0 ? undefined : expected);
    }),
    { numRuns: 2000 },
  );
});

test('paths and methods mean to Kubernetes what its kubelet makes of them', () => {
  const table = [
    ['POST', 'checkpoint', 'create', ['checkpoint']],
    ['GET', 'containerLogs', 'get', ['proxy']],
    ['POST', 'exec', 'create', ['proxy']],
    ['GET', 'exec', 'get', ['proxy']],
    ['POST', 'run', 'create', ['proxy']],
    ['GET', 'portForward', 'get', ['proxy']],
    ['GET', 'metrics', 'get', ['metrics']],
    ['GET', 'logs', 'get', ['log']],
    ['GET', 'stats', 'get', ['stats']],
    ['GET', 'pods', 'get', ['pods', 'proxy']],
    ['GET', 'runningpods', 'get', ['pods', 'proxy']],
    ['GET', 'healthz', 'get', ['healthz', 'proxy']],
    ['GET', 'configz', 'get', ['configz', 'proxy']],
    ['PUT', 'anything', 'update', ['proxy']],
    ['OPTIONS', '__proto__', '', ['proxy']],
  ] as const;
  for (const [method, first, verb, subresources] of table) {
    assert.deepEqual(attributesOf(method, first), { verb, subresources: [...subresources] });
  }
  assert.ok(NODE_SUBRESOURCES.includes('checkpoint'));
});
