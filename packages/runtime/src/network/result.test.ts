import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf } from './result.ts';

test('addresses come without their prefix length, IPv4 and IPv6, in their order', () => {
  const ips = [{ address: '10.1.2.3/24', gateway: '10.1.2.1' }, { address: 'fd00::3/64' }];
  assert.deepEqual(addressesOf({ cniVersion: '1.0.0', ips }), ['10.1.2.3', 'fd00::3']);
  assert.deepEqual(addressesOf({ cniVersion: '1.0.0' }), []);
});

test('what is no address is refused, not shown as one', () => {
  for (const ips of [
    {},
    [{}],
    [{ address: 'host' }],
    [null],
    ['10.0.0.1/8'],
    Array(65).fill({ address: '10.0.0.1/8' }),
  ]) {
    assert.throws(() => addressesOf({ ips }), { code: 'ERR_NETWORK_FAILED' });
  }
});
