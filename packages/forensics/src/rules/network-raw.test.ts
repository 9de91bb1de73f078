import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said } from './changes.fixture.ts';
import { inetRow, netlinkRow, packetRow } from './evidence.fixture.ts';
import { netlinkSocket, packetSocket, rawSocket } from './network-raw.ts';
import { processRow } from './tables.fixture.ts';

const program = (path: string) => [
  processRow({ executable: { path, deleted: false, memfd: false, filesystem: 'overlay' } }),
];

test('who listens in on an interface is told, worse of a fetched program, a DHCP client as a note', () => {
  const sockets = [packetRow()];
  assert.deepEqual(said(packetSocket, { sockets }), ['medium fd/1/3']);
  assert.deepEqual(said(packetSocket, { sockets, processes: program('/tmp/.x/a') }), ['high fd/1/3']);
  assert.deepEqual(said(packetSocket, { sockets, processes: program('/sbin/dhclient') }), ['info fd/1/3']);
  assert.deepEqual(said(packetSocket, { sockets: [inetRow()] }), []);
});

test('raw sockets are told by what they carry', () => {
  const raw = (protocol: string) => inetRow({ type: 'raw', state: 'close', protocol });
  assert.deepEqual(said(rawSocket, { sockets: [raw('raw'), raw('icmp')] }), ['medium fd/1/3', 'low fd/1/3']);
  assert.deepEqual(said(rawSocket, { sockets: [raw('icmp')], processes: program('/bin/ping') }), ['info fd/1/3']);
  assert.deepEqual(said(rawSocket, { sockets: [raw('icmp')], processes: program('/dev/shm/a') }), ['high fd/1/3']);
  assert.deepEqual(said(rawSocket, { sockets: [inetRow()] }), []);
});

test('netlink that tells of others is a note, of routes not even that', () => {
  assert.deepEqual(said(netlinkSocket, { sockets: [netlinkRow('audit'), netlinkRow('route')] }), ['info fd/1/3']);
});
