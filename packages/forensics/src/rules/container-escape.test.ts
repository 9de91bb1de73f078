import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tables } from '../analysers/index.ts';
import { said, textRow } from './changes.fixture.ts';
import {
  hostControlOpen,
  hostDeviceOpen,
  namespaceForeign,
  outsideRoot,
  runtimeProgramOpen,
} from './container-escape.ts';
import { bindRow, O_RDWR, openRow } from './evidence.fixture.ts';
import { processRow } from './tables.fixture.ts';

test('who writes to core_pattern or a release agent is told, who reads it is not', () => {
  const files = [
    openRow(7, 3, '/proc/sys/kernel/core_pattern', {}, O_RDWR),
    openRow(7, 4, '/tmp/cgrp/release_agent', {}, O_RDWR),
    openRow(8, 3, '/proc/sys/kernel/core_pattern'),
    openRow(8, 4, '/proc/sys/net/core/somaxconn', {}, O_RDWR),
  ];
  assert.deepEqual(said(hostControlOpen, { files }), ['high fd/7/3', 'high fd/7/4']);
});

test('the runtime’s program in a process is told, worst where it is written to; in a nested runtime it is its own', () => {
  const files = [openRow(7, 3, '/usr/sbin/runc', {}, O_RDWR), openRow(7, 'exe', '/usr/bin/runc')];
  assert.deepEqual(said(runtimeProgramOpen, { files }), ['critical fd/7/3']);
  assert.deepEqual(said(runtimeProgramOpen, { files, processes: [processRow({ name: 'dockerd' })] }), ['low fd/7/3']);
  assert.deepEqual(said(runtimeProgramOpen, { files: [openRow(7, 3, '/opt/runc/readme')] }), []);
});

test('a program that was made to lure a runtime in is told', () => {
  const texts = [textRow('/bin/sh', '#!/proc/self/exe\n'), textRow('/bin/x', '#!/bin/sh\n')];
  assert.deepEqual(said(runtimeProgramOpen, { texts }), ['critical rootfs/bin/sh']);
});

test('a disk that is open is told, less of a database; /dev/null is none', () => {
  const disk = openRow(7, 3, '/dev/sda1', { kind: 'block-device' });
  assert.deepEqual(said(hostDeviceOpen, { files: [disk, openRow(7, 0, '/dev/null', { kind: 'character-device' })] }), [
    'high fd/7/3',
  ]);
  const executable = { path: '/usr/bin/ceph-osd', deleted: false, memfd: false, filesystem: 'overlay' };
  assert.deepEqual(said(hostDeviceOpen, { files: [disk], processes: [processRow({ pid: 7, executable })] }), [
    'low fd/7/3',
  ]);
});

test('a folder outside of all mounts is told, what lies in one is not', () => {
  const mounts = [bindRow('/', '/', { mountId: 1, role: 'root' })];
  const files = [
    openRow(7, 'cwd', '/sys/fs/cgroup', { kind: 'directory', mountId: 99, mount: undefined }),
    openRow(7, 3, '/proc/1/root/etc/shadow'),
    openRow(7, 4, '/etc/hosts'),
  ];
  assert.deepEqual(said(outsideRoot, { files, mounts }), ['high fd/7/cwd', 'high fd/7/3']);
  assert.deepEqual(
    said(outsideRoot, { files: [files[0] as (typeof files)[number]] }),
    [],
    'a dump without mounts says nothing',
  );
});

const namespace = (nsKind: 'mnt' | 'net', id: number, pids: number[], ofDumper: boolean) =>
  ({ nsKind, id, pids, ofDumper }) as unknown as Tables['namespaces'][number];

test('a process in the host’s namespace is told, one in its own less, a browser’s sandbox as a note', () => {
  const processes = [processRow(), processRow({ pid: 7, ppid: 1 }), processRow({ pid: 8, ppid: 1, name: 'chrome' })];
  const namespaces = [
    namespace('mnt', 13, [1], false),
    namespace('mnt', 2, [7], true),
    namespace('net', 10, [1], false),
    namespace('net', 11, [7], false),
    namespace('net', 12, [8], false),
  ];
  assert.deepEqual(said(namespaceForeign, { processes, namespaces }), [
    'high process/7',
    'low process/7',
    'info process/8',
  ]);
  assert.deepEqual(said(namespaceForeign, { processes, namespaces: [namespace('net', 2, [1, 7, 8], true)] }), []);
});
