import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { renderJson, renderJsonLine } from './json.ts';
import { styleOf } from './style.ts';
import { renderTable } from './table.ts';
import { renderTree, type TreeNode } from './tree.ts';

const columns = [
  { title: 'PID', cell: (row: [number, string]) => String(row[0]), align: 'right' as const },
  { title: 'NAME', cell: (row: [number, string]) => row[1] },
  { title: 'LAST', cell: (row: [number, string]) => row[1].toUpperCase() },
];

test('a table has columns as wide as they need, and no blanks at the ends of lines', () => {
  assert.equal(
    renderTable(columns, [
      [1, 'init'],
      [4711, 'a'],
    ]),
    ' PID  NAME  LAST\n   1  init  INIT\n4711  a     A\n',
  );
  assert.equal(renderTable(columns, []), 'PID  NAME  LAST\n');
});

test('a table may have more rows than a call may have arguments', () => {
  const rows = Array.from({ length: 300_000 }, (_, i): [number, string] => [i, 'x']);
  assert.equal(renderTable(columns, rows).split('\n').length, rows.length + 2);
});

test('a tree has a branch for each child', () => {
  const tree: TreeNode = {
    label: 'root',
    children: [{ label: 'a', children: [{ label: 'b' }, { label: 'c', children: [{ label: 'd' }] }] }, { label: 'e' }],
  };
  assert.equal(renderTree(tree), 'root\n├─ a\n│  ├─ b\n│  └─ c\n│     └─ d\n└─ e\n');
  assert.equal(renderTree({ label: 'alone' }), 'alone\n');
});

test('JSON names its kind and version, and keeps 64-bit values', () => {
  const body = { small: 7n, exact: 2n ** 53n, large: 2n ** 64n - 1n, negative: -(2n ** 63n), text: 'x' };
  assert.deepEqual(JSON.parse(renderJson('Thing', 3, body)), {
    kind: 'Thing',
    schemaVersion: 3,
    small: 7,
    exact: 2 ** 53,
    large: '18446744073709551615',
    negative: '-9223372036854775808',
    text: 'x',
  });
  assert.equal(renderJsonLine('Thing', 1, { a: [1n] }), '{"kind":"Thing","schemaVersion":1,"a":[1]}\n');
});

test('JSON gives every text back, and none of it can act on a terminal', () => {
  const text = fc.string({
    unit: fc.oneof(
      codePoint,
      fc.constantFrom('\x1b', '\x7f', '\x9b', '\u202e', '\u2028', '\ufeff', '\u{e0041}', '\\', '"', '\n'),
    ),
  });
  fc.assert(
    fc.property(fc.dictionary(text, text, { noNullPrototype: true }), (texts) => {
      for (const rendered of [renderJson('T', 1, { texts }), renderJsonLine('T', 1, { texts })]) {
        assert.deepEqual(JSON.parse(rendered).texts, { ...texts });
        assert.doesNotMatch(rendered.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});

test('colour is there only where it is wanted', () => {
  assert.equal(styleOf(false).bold('text'), 'text');
  assert.equal(styleOf(true).bad('text'), '\x1b[31mtext\x1b[39m');
});
