import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, said } from './changes.fixture.ts';
import { containerRow, inetRow } from './evidence.fixture.ts';
import { listenersTold, listenerUnexpected } from './network-listener.ts';
import { processRow } from './tables.fixture.ts';

const declared = (...ports: number[]) =>
  containerRow(
    {},
    {
      'io.kubernetes.container.ports': JSON.stringify(
        ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
      ),
    },
  );
const at = (port: number, address = '0.0.0.0') => inetRow({ local: { address, port } });
const program = (path: string) =>
  processRow({ executable: { path, deleted: false, memfd: false, filesystem: 'overlay' } });

test('a port that the pod does not declare is told, a declared one is not', () => {
  const container = declared(8080);
  assert.deepEqual(said(listenerUnexpected, { container, sockets: [at(8080), at(9090)] }), ['low fd/1/3']);
  assert.deepEqual(said(listenerUnexpected, { container, sockets: [at(8080), at(9090, '127.0.0.1')] }), []);
});

test('a shell, or a program that is none of the image, is worse, whatever is known of ports', () => {
  assert.deepEqual(
    said(listenerUnexpected, { container: declared(8080), sockets: [at(4444)], processes: [program('/tmp/.x/a')] }),
    ['high fd/1/3'],
  );
  assert.deepEqual(
    said(listenerUnexpected, { container: containerRow({}), sockets: [at(9090)], processes: [program('/bin/nc')] }),
    ['high fd/1/3'],
  );
});

test('a program that was written at the start is worth a look, one that a package brought is not', () => {
  const path = '/usr/sbin/nginx';
  const given = {
    container: containerRow({}),
    sockets: [at(80)],
    processes: [program(path)],
    changes: [changeRow(path)],
  };
  assert.deepEqual(said(listenerUnexpected, given), ['medium fd/1/3']);
  const packages = {
    managers: ['dpkg' as const],
    files: [{ path, manager: 'dpkg' as const, package: 'nginx', content: 'same' as const }],
  };
  assert.deepEqual(said(listenerUnexpected, { ...given, packages }), []);
});

test('a port of intruders’ tools is told where nothing is declared, less of a driver of browsers', () => {
  const container = containerRow({});
  assert.deepEqual(said(listenerUnexpected, { container, sockets: [at(31337), at(6379)] }), ['medium fd/1/3']);
  assert.deepEqual(
    said(listenerUnexpected, { container, sockets: [at(4444)], processes: [program('/usr/bin/java')] }),
    ['low fd/1/3'],
  );
});

test('where nothing is declared all ports are one note; a broken declaration is none', () => {
  const sockets = [
    at(6379),
    inetRow({ fileId: 31, family: 'ipv6', local: { address: '::', port: 6379 } }),
    at(9000, '127.0.0.1'),
  ];
  assert.deepEqual(said(listenersTold, { container: containerRow({}), sockets }), ['info socket/30']);
  assert.deepEqual(
    said(listenersTold, { container: containerRow({}, { 'io.kubernetes.container.ports': '{' }), sockets }),
    ['info socket/30'],
  );
  assert.deepEqual(said(listenersTold, { container: declared(6379), sockets }), []);
});
