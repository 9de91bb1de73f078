import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAPABILITIES } from '@stillframe/checkpoint';
import { capabilitiesText } from './facts.ts';

test('few capabilities are named, of many those that no engine gives by itself, of nearly all those that are missing', () => {
  const text = (...names: readonly string[]) => capabilitiesText({ mask: 0n, names, unknown: [] });
  assert.equal(text(), 'none');
  assert.equal(text('CAP_KILL', 'CAP_BPF'), '2: BPF,KILL');
  assert.equal(text('CAP_CHOWN', 'CAP_FOWNER', 'CAP_KILL', 'CAP_SYS_ADMIN'), '4: SYS_ADMIN,CHOWN,FOWNER +1');
  assert.equal(text(...CAPABILITIES), 'all');
  assert.equal(text(...CAPABILITIES.filter((name) => name !== 'CAP_SYS_MODULE')), 'all but SYS_MODULE');
  assert.equal(capabilitiesText({ mask: 0n, names: ['CAP_KILL'], unknown: [60] }), '2: bit 60,KILL');
});
