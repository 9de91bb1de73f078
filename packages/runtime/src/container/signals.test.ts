import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalName, signalNumber } from './signals.ts';

test('a signal is known by its name, with or without SIG, by its number, and by its place among the real-time ones', () => {
  const numbers = ['SIGTERM', 'term', '15', ' SIGQUIT ', 'SIGRTMIN', 'SIGRTMIN+3', 'RTMAX-1', 'SIGCLD', 'SIGKILL'];
  assert.deepEqual(numbers.map(signalNumber), [15, 15, 15, 3, 34, 37, 63, 17, 9]);
});

test('what is no signal is none', () => {
  for (const name of ['', 'SIG', 'SIGNONE', '0', '65', '-1', 'SIGRTMIN-1', 'SIGRTMAX+1', 'SIGRTMIN+31', '1e1']) {
    assert.equal(signalNumber(name), undefined, name);
  }
});

test('every number has a name that leads back to it', () => {
  for (let number = 1; number <= 64; number += 1) {
    if (number === 32 || number === 33) continue; // The C library keeps them to itself.
    assert.equal(signalNumber(signalName(number)), number);
  }
});
