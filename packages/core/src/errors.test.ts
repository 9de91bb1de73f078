import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable, isCode, messageOf, orAbsent, StillframeError, systemCode } from './errors.ts';

const tableError = errorTable({
  ERR_TEST_PLAIN: { kind: 'internal' },
  ERR_TEST_HINTED: { kind: 'not-found', hint: 'look elsewhere' },
});

test('an error takes its kind and hint from the table', () => {
  const error = tableError('ERR_TEST_HINTED', 'no such thing');
  assert.equal(error.code, 'ERR_TEST_HINTED');
  assert.equal(error.kind, 'not-found');
  assert.equal(error.hint, 'look elsewhere');
  assert.equal(error.message, 'no such thing');
  assert.equal(error.name, 'StillframeError');
  assert.deepEqual(error.details, {});
});

test('the place of failure may know a better hint, and adds details and cause', () => {
  const cause = new Error('why');
  const error = tableError('ERR_TEST_HINTED', 'm', { hint: 'better', details: { path: 'p' }, cause });
  assert.equal(error.hint, 'better');
  assert.deepEqual(error.details, { path: 'p' });
  assert.equal(error.cause, cause);
});

test('without hint and cause an error has neither', () => {
  const error = tableError('ERR_TEST_PLAIN', 'm');
  assert.equal(error.hint, undefined);
  assert.equal('cause' in error, false);
});

test('an error of another copy of the class is known by its brand', () => {
  const foreign = Object.assign(new Error('m'), { code: 'ERR_TEST_PLAIN', [Symbol.for('stillframe.error')]: true });
  assert.equal(StillframeError.is(foreign), true);
  assert.equal(isCode(foreign, 'ERR_TEST_PLAIN'), true);
  assert.equal(isCode(tableError('ERR_TEST_PLAIN', 'm'), 'ERR_TEST_HINTED'), false);
});

test('whatever else is thrown is not ours, and does not make the question fail', () => {
  for (const value of [undefined, null, 3, 'text', new Error('m'), { code: 'ERR_TEST_PLAIN' }, Object.create(null)]) {
    assert.equal(StillframeError.is(value), false);
    assert.equal(isCode(value, 'ERR_TEST_PLAIN'), false);
  }
});

test('the code of a system error is its text, and nothing for other values', () => {
  assert.equal(systemCode(Object.assign(new Error('m'), { code: 'ENOENT' })), 'ENOENT');
  assert.equal(systemCode(Object.assign(new Error('m'), { code: 7 })), undefined);
  assert.equal(systemCode({ code: 'ENOENT' }), undefined);
  assert.equal(systemCode(new Error('m')), undefined);
});

test('anything thrown has a message', () => {
  assert.equal(messageOf(new Error('words')), 'words');
  assert.equal(messageOf('words'), 'words');
  assert.equal(messageOf(undefined), 'undefined');
});

test('what is not there is absent, any other failure is one', async () => {
  const failed = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
  assert.equal(await orAbsent(Promise.resolve(1), 'ENOENT'), 1);
  assert.equal(await orAbsent(failed('ENOENT'), 'ENOENT', 'ENOTDIR'), undefined);
  await assert.rejects(orAbsent(failed('EACCES'), 'ENOENT', 'ENOTDIR'), { code: 'EACCES' });
  await assert.rejects(orAbsent(Promise.reject(new Error('no code')), 'ENOENT'), /no code/);
});
