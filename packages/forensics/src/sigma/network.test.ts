import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { networkTest } from './network.ts';

test('property: networks hold what those of Node hold', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('::', '::1', '10.0.0.1', 'fe80::1', '1.2.3', ':::', ''),
  );
  fc.assert(
    fc.property(address, fc.nat(130), address, (base, bits, text) => {
      const [version, found] = [isIP(base), isIP(text)];
      const test = networkTest(`${base}/${bits}`);
      if (version === 0 || bits > (version === 4 ? 32 : 128)) return assert.equal(test, undefined);
      const list = new BlockList();
      list.addSubnet(base, bits, version === 4 ? 'ipv4' : 'ipv6');
      assert.equal(test?.(text), found === version && list.check(text, found === 4 ? 'ipv4' : 'ipv6'));
      assert.equal(test?.(base), true);
    }),
  );
});
