import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileYara } from './engine.ts';
import { DEEPEST_RULE, tooDeep } from './nesting.ts';

const rule = (condition: string) => `rule r {\n  condition: ${condition}\n}\n`;
const brackets = (levels: number) => rule(`${'('.repeat(levels)}true${')'.repeat(levels)}`);

test('a rule that YARA-X would drop without a word is refused, with its line', async () => {
  for (const text of [brackets(1500), rule(`${'not '.repeat(20_000)}true`), rule(`${'-'.repeat(3000)}1 == 1`)]) {
    assert.deepEqual(tooDeep(`// one\n${text}`), { line: 3 });
    await assert.rejects(compileYara([{ name: 'deep.yar', text }]), {
      code: 'ERR_FORENSICS_YARA_RULES',
      message: /deep\.yar:2: .*levels/,
    });
  }
});

test('one as deep as is let through still matches', async () => {
  const text = brackets(DEEPEST_RULE - 1);
  assert.equal(tooDeep(text), undefined);
  const rules = await compileYara([{ name: 'deep.yar', text }]);
  assert.equal((await rules.scan(Buffer.from('x'))).length, 1);
});

test('brackets in texts, expressions and comments are none, and each rule begins anew', () => {
  const open = '('.repeat(DEEPEST_RULE + 1);
  const strings = `strings: $a = "${open}\\"" $b = /[${open}]/ $c = { 6A ?? }`;
  assert.equal(tooDeep(`rule a { ${strings} condition: 1 of them } // ${open}\n/* ${open} */`), undefined);
  assert.equal(tooDeep('rule a { condition: (filesize / 2 > 1) }\n'.repeat(DEEPEST_RULE * 2)), undefined);
  assert.equal(tooDeep(`/*${open}`), undefined);
});
