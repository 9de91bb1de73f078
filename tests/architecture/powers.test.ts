import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinOf } from './imports.ts';
import { codeLines, sources } from './project.ts';
import { MODULES, WORDS } from './tables.ts';

const judged = sources.filter((file) => !file.isTest);
const startsWithAny = (path: string, beginnings: readonly string[]) => beginnings.some((each) => path.startsWith(each));

for (const { modules, allowed, only = ['packages/'] } of MODULES) {
  const where = only.map((folder) => folder.slice(0, -1)).join(', ');
  test(`in ${where}, node:${modules.join(', node:')} only ${allowed.length ? allowed.join(' ') : 'nowhere'}`, () => {
    const offences = judged
      .filter(({ path }) => startsWithAny(path, only) && !startsWithAny(path, allowed))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier = '' }) => modules.includes(builtinOf(specifier) ?? ''))
          .map(({ specifier, line }) => `${path}:${line} → ${specifier}`),
      );
    assert.deepEqual(offences, [], 'let who may do it do it; MODULES in tests/architecture/tables.ts says who may');
  });
}

for (const { what, pattern, allowed } of WORDS) {
  test(`${what} only in ${allowed.length ? allowed.join(' ') : 'nothing'}`, () => {
    const offences = judged
      .filter(({ path }) => !startsWithAny(path, allowed))
      .flatMap(({ path, text }) =>
        codeLines(text)
          .filter(({ line }) => pattern.test(line))
          .map(({ number, line }) => `${path}:${number}: ${line.trim()}`),
      );
    assert.deepEqual(offences, [], 'take it from who may have it; WORDS in tests/architecture/tables.ts says who');
  });
}

test('nothing is allowed to a file or folder that is not there', () => {
  const allowed = [...MODULES, ...WORDS].flatMap((row) => row.allowed);
  assert.deepEqual(
    allowed.filter((beginning) => !sources.some(({ path }) => path.startsWith(beginning))),
    [],
  );
});
