import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said } from './changes.fixture.ts';
import { connectionRow, inetRow, openRow } from './evidence.fixture.ts';
import { connectionMetadata, connectionScan, connectionSuspicious, serviceAccountUsed } from './network-connection.ts';
import { processRow } from './tables.fixture.ts';

const shell = processRow({
  name: 'sh',
  executable: { path: '/bin/sh', deleted: false, memfd: false, filesystem: 'overlay' },
});
const PUBLIC = '203.0.113.7';

test('a port of intruders’ tools is told, worse of a shell, less within one’s own network', () => {
  assert.deepEqual(said(connectionSuspicious, { sockets: [connectionRow(PUBLIC, 4444)] }), ['medium fd/1/3']);
  assert.deepEqual(said(connectionSuspicious, { sockets: [connectionRow(PUBLIC, 4444)], processes: [shell] }), [
    'high fd/1/3',
  ]);
  assert.deepEqual(said(connectionSuspicious, { sockets: [connectionRow('10.96.3.4', 4444)] }), ['low fd/1/3']);
});

test('ordinary ports, what was taken from a listening port, and what ends in the container are not', () => {
  const sockets = [
    connectionRow(PUBLIC, 443),
    inetRow({ local: { address: '0.0.0.0', port: 8080 } }),
    connectionRow(PUBLIC, 31337, { local: { address: '10.0.0.2', port: 8080 } }),
    connectionRow('127.0.0.1', 4444, { peer: { place: 'here', fileId: 9 } }),
  ];
  assert.deepEqual(said(connectionSuspicious, { sockets }), []);
});

test('metadata of the cloud is told, worse of a shell; its name server and a container’s own endpoint are not', () => {
  const sockets = [connectionRow('169.254.169.254', 80)];
  assert.deepEqual(said(connectionMetadata, { sockets }), ['low fd/1/3']);
  assert.deepEqual(said(connectionMetadata, { sockets, processes: [shell] }), ['high fd/1/3']);
  assert.deepEqual(
    said(connectionMetadata, { sockets: [connectionRow('169.254.169.254', 53), connectionRow(PUBLIC, 80)] }),
    [],
  );
  assert.deepEqual(said(connectionMetadata, { sockets: [connectionRow('169.254.170.2', 80)] }), ['info fd/1/3']);
});

test('many machines at once are a scan, many connections to one are not', () => {
  const row = (address: string) => connectionRow(address, 22, { state: 'syn-sent' });
  assert.deepEqual(
    said(connectionScan, { sockets: Array.from({ length: 30 }, (_, index) => row(`10.1.0.${index}`)) }),
    ['medium process/1'],
  );
  assert.deepEqual(said(connectionScan, { sockets: Array.from({ length: 30 }, () => row('10.1.0.1')) }), []);
});

test('the API of the cluster is a note, of a shell more; an open token is between', () => {
  const environment = ['KUBERNETES_SERVICE_HOST=10.96.0.1', 'KUBERNETES_SERVICE_PORT=443'];
  const sockets = [connectionRow('10.96.0.1', 443)];
  assert.deepEqual(said(serviceAccountUsed, { sockets, processes: [processRow({ environment })] }), ['info fd/1/3']);
  assert.deepEqual(said(serviceAccountUsed, { sockets, processes: [{ ...shell, environment }] }), ['high fd/1/3']);
  assert.deepEqual(said(serviceAccountUsed, { sockets, processes: [processRow()] }), []);
  const files = [openRow(1, 5, '/run/secrets/kubernetes.io/serviceaccount/..2026/token')];
  assert.deepEqual(said(serviceAccountUsed, { files, processes: [processRow()] }), ['low fd/1/5']);
});
