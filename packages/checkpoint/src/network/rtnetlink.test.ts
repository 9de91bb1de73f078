import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { decodeConnection, decodeExpectation } from './conntrack.ts';
import { attribute, little, message, nested } from './netlink.fixture.ts';
import { readNetlink } from './netlink.ts';
import { decodeAddress, decodeRoute, decodeRule } from './rtnetlink.ts';

async function first<T>(bytes: Uint8Array, decode: (message: never, report: never) => T | undefined): Promise<T> {
  for await (const each of readNetlink(bytesSource(bytes), ({ message: why }) => assert.fail(why))) {
    const row = decode(each as never, ((fault: { message: string }) => assert.fail(fault.message)) as never);
    return row ?? assert.fail('no row');
  }
  return assert.fail('no message');
}

const text = (value: string) => [...Buffer.from(`${value}\0`)];

test('an address of a point-to-point link has the other end', async () => {
  const row = await first(
    message(
      20,
      [2, 32, 0x80, 0, ...little(4)],
      [
        attribute(1, [10, 0, 0, 2]),
        attribute(2, [10, 0, 0, 1]),
        attribute(3, text('tun0')),
        attribute(6, [...little(60), ...little(0xffffffff), ...little(12345), ...little(12400)]),
      ],
    ),
    decodeAddress,
  );
  assert.equal(
    `${row.address}/${row.prefixLength} peer ${row.peer} dev ${row.interfaceIndex}`,
    '10.0.0.1/32 peer 10.0.0.2 dev 4',
  );
  assert.deepEqual(
    [row.label, row.scope, row.flags, row.preferredLifetime, row.validLifetime, row.created],
    ['tun0', 'global', ['permanent'], 60, undefined, 123.45],
  );
});

test('a route says where it leads, by whom, and in which table', async () => {
  const row = await first(
    message(
      24,
      [2, 16, 0, 0, 254, 3, 0, 1, ...little(4)],
      [
        attribute(1, [10, 1, 0, 0]),
        attribute(5, [10, 0, 0, 254]),
        attribute(4, little(2)),
        attribute(6, little(100)),
        attribute(7, [10, 0, 0, 1]),
        attribute(15, little(1000)),
      ],
    ),
    decodeRoute,
  );
  assert.deepEqual(row, {
    family: 'ipv4',
    type: 'unicast',
    destination: '10.1.0.0/16',
    source: undefined,
    gateway: '10.0.0.254',
    interfaceIndex: 2,
    table: '1000',
    protocol: 'boot',
    scope: 'global',
    metric: 100,
    preferredSource: '10.0.0.1',
    flags: ['onlink'],
    nextHops: [],
  });
});

test('a route with several ways has them all', async () => {
  const hop = (index: number, last: number) => {
    const gateway = attribute(5, [10, 0, 0, last]);
    return [8 + gateway.length, 0, 0, index - 1, ...little(index), ...gateway];
  };
  const row = await first(
    message(24, [10, 0, 0, 0, 254, 16, 253, 1, ...little(0)], [attribute(9, [...hop(3, 1), ...hop(4, 2)])]),
    decodeRoute,
  );
  assert.equal(row.destination, 'default');
  assert.deepEqual(row.nextHops, [
    { gateway: '10.0.0.1', interfaceIndex: 3, weight: 3 },
    { gateway: '10.0.0.2', interfaceIndex: 4, weight: 4 },
  ]);
});

test('a rule says for whom it is', async () => {
  const row = await first(
    message(
      32,
      [2, 0, 24, 0, 100, 0, 0, 1, ...little(2)],
      [
        attribute(2, [192, 168, 7, 0]),
        attribute(6, little(50)),
        attribute(10, little(1)),
        attribute(16, little(0xff)),
        attribute(17, text('eth0')),
        attribute(20, [...little(1000), ...little(2000)]),
        attribute(22, [6]),
        attribute(24, [80, 0, 0x90, 0x1f]),
      ],
    ),
    decodeRule,
  );
  assert.deepEqual(
    [row.from, row.to, row.priority, row.inverted, row.firewallMark, row.outgoingInterface, row.protocol],
    ['192.168.7.0/24', 'all', 50, true, '0x1/0xff', 'eth0', 'tcp'],
  );
  assert.deepEqual([row.users, row.destinationPorts, row.table], ['1000-2000', '80-8080', '100']);
});

const tuple = (type: number, from: readonly number[], to: readonly number[], ports: readonly number[]) =>
  nested(
    type,
    nested(1, attribute(1, from), attribute(2, to)),
    nested(2, attribute(1, [6]), attribute(2, ports.slice(0, 2)), attribute(3, ports.slice(2))),
  );

test('a followed connection has both directions, and a translation shows in the second', async () => {
  const row = await first(
    message(
      0x100,
      [2, 0, 0, 0],
      [
        tuple(1, [10, 0, 0, 1], [1, 2, 3, 4], [0x9c, 0x40, 0, 80]),
        tuple(2, [1, 2, 3, 4], [5, 6, 7, 8], [0, 80, 0x9c, 0x40]),
        attribute(3, [0, 0, 0, 0x1e]),
        nested(4, nested(1, attribute(1, [3]))),
        attribute(7, [0, 0, 1, 44]),
        nested(9, attribute(1, [0, 0, 0, 0, 0, 0, 0, 5]), attribute(2, [0, 0, 0, 0, 0, 0, 1, 0])),
      ],
    ),
    decodeConnection,
  );
  assert.deepEqual(row.original, {
    ...{ protocol: 'tcp', source: '10.0.0.1', sourcePort: 40000, destination: '1.2.3.4', destinationPort: 80 },
  });
  assert.equal(row.reply?.destination, '5.6.7.8');
  assert.deepEqual([row.state, row.timeout, row.sent], ['established', 300, { packets: 5n, bytes: 256n }]);
  assert.deepEqual(row.status, ['seen-reply', 'assured', 'confirmed', 'source-nat']);
});

test('an expected connection names its helper', async () => {
  const row = await first(
    message(0x200, [2, 0, 0, 0], [tuple(2, [10, 0, 0, 1], [1, 2, 3, 4], [0, 0, 0, 21]), attribute(6, text('ftp'))]),
    decodeExpectation,
  );
  assert.deepEqual([row.helper, row.original.destinationPort], ['ftp', 21]);
});
