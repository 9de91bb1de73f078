import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removalOf } from './masquerade.ts';

const ID = 'cd'.repeat(32);
const OTHER = 'ef'.repeat(32);
const comment = (id: string) => `-m comment --comment "name: \\"stillframe\\" id: \\"${id}\\""`;
const CHAIN = 'CNI-0123456789abcdef01234567';
const RULES = `-P POSTROUTING ACCEPT
-N CNI-HOSTPORT-DNAT
-N ${CHAIN}
-N CNI-ffffffffffffffffffffffff
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 10.1.2.3/32 ${comment(ID)} -j ${CHAIN}
-A POSTROUTING -s 10.1.2.4/32 ${comment(OTHER)} -j CNI-ffffffffffffffffffffffff
-A ${CHAIN} -d 10.1.2.0/24 ${comment(ID)} -j ACCEPT
-A ${CHAIN} ! -d 224.0.0.0/4 ${comment(ID)} -j MASQUERADE
-A CNI-ffffffffffffffffffffffff -d 10.1.2.0/24 ${comment(OTHER)} -j ACCEPT
`;

test('the rules of one pod go with its chain, those of others stay', () => {
  assert.equal(
    removalOf(RULES, ID),
    `*nat\n-D POSTROUTING -s 10.1.2.3/32 ${comment(ID)} -j ${CHAIN}\n-F ${CHAIN}\n-X ${CHAIN}\nCOMMIT\n`,
  );
});

test('where nothing is left nothing is changed', () => {
  assert.equal(removalOf(RULES, 'aa'.repeat(32)), undefined);
  assert.equal(removalOf('', ID), undefined);
});

test('a chain that others use as well keeps its other rules', () => {
  const rules = `-A CNI-HOSTPORT-DNAT -p tcp ${comment(ID)} -j CNI-DN-0123456789abcdef01234\n`;
  assert.doesNotMatch(removalOf(rules, ID) ?? '', /-[FX] /);
});
