import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { rules } from './index.ts';

const here = import.meta.dirname;
const tests = globSync('*.test.ts', { cwd: here })
  .filter((name) => name !== 'index.test.ts')
  .map((name) => readFileSync(join(here, name), 'utf8'))
  .join('\n');

/** The name under which a rule is exported, by its id. */
const exported = new Map<string, string>();
for (const name of globSync('*.ts', { cwd: here }).filter((each) => !/\.(?:test|fixture)\.ts$/.test(each))) {
  const text = readFileSync(join(here, name), 'utf8');
  for (const [, variable = '', id = ''] of text.matchAll(/export const (\w+): Rule = \{\s*id: '([^']+)'/g))
    exported.set(id, variable);
}

test('ids are of their own, and every exported rule is in the table', () => {
  const ids = rules.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  assert.deepEqual([...exported.keys()].sort(), [...ids].sort());
});

for (const { id, title, severity, why, benign, patterns = [] } of rules) {
  describe(id, () => {
    test('says what it is, why it matters and what would be benign', () => {
      assert.match(id, /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
      assert.match(title, /^[a-z].{10,90}[^.]$/);
      assert.match(why, /^\S.{30,400}[.]$/s);
      assert.match(benign, /^\S.{15,400}[.]$/s);
      assert.ok(severity.length > 0);
    });

    test('has patterns of its own name that begin with a literal', () => {
      for (const { id: pattern, pattern: found } of patterns) {
        assert.ok(pattern.startsWith(`${id}-`), pattern);
        if (found.kind !== 'regex') continue;
        assert.ok((found.anchors ?? []).length > 0, `${pattern} has no anchors: memory would be gone through slowly`);
        assert.doesNotThrow(() => new RegExp(found.source, 's'));
      }
    });

    test('has a test of what it says', () => {
      const name = exported.get(id) ?? '?';
      assert.ok(new RegExp(`\\b${name}\\b`).test(tests), `no test names ${name}`);
    });
  });
}
