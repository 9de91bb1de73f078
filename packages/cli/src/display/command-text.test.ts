import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandText } from './command-text.ts';

test('arguments stand as a shell needs them; the blanks behind a title are counted', () => {
  const text = (...values: string[]) => commandText('name', { state: 'present', values, partial: false });
  assert.equal(text('sh', '-c', "echo 'a'", '', '  '), "sh -c 'echo '\\''a'\\''' '' '  '");
  assert.equal(text('worker', ' '.repeat(17)), 'worker <17 blanks>');
  assert.equal(text('<17 blanks>'), "'<17 blanks>'");
  assert.equal(text(), '[name]');
  assert.equal(commandText('name', { state: 'absent', reason: 'not-recorded' }), '[name]');
});
