import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TextRow } from '../analysers/texts.ts';
import { changeRow, elfRow, said, textRow } from './changes.fixture.ts';
import { deletedFileHeld, memfdProgram } from './held-file.ts';

const holders = [{ pid: 29, fd: 3 }];
const ghost = (path: string, given: Partial<TextRow> = {}) =>
  textRow(path, 'x', { place: 'ghost', image: 'ghost-file-3.img', holders, ...given });

test('a deleted program, and a deleted file that was hidden, are worse than a log', () => {
  const texts = [
    elfRow('/tmp/.x/tool', { place: 'ghost', holders }),
    ghost('/tmp/.x/payload.bin'),
    ghost('/srv/secret'),
    ghost('/var/log/daemon.log'),
  ];
  assert.deepEqual(said(deletedFileHeld, { texts }), ['high fd/29/3', 'medium fd/29/3', 'low fd/29/3', 'low fd/29/3']);
});

test('temporary files of databases and rotated logs are notes', () => {
  const texts = ['/tmp/ibXq2f4T', '/tmp/#1234', '/var/log/app.log', '/tmp/service-kClt6F', '/app/lib/x.jar'].map(
    (path) => ghost(path),
  );
  assert.deepEqual(
    said(deletedFileHeld, { texts, changes: [changeRow('/var/log/app.log.1')] }),
    Array(5).fill('info fd/29/3'),
  );
});

test('what runs from a deleted file is another rule’s', () => {
  assert.deepEqual(
    said(deletedFileHeld, {
      texts: [elfRow('/tmp/.x/kworker', { place: 'ghost', holders: [{ pid: 23, fd: 'exe' }] })],
    }),
    [],
  );
});

test('a program in a memfd is told, a runtime’s copy of itself is a note, data is nothing', () => {
  const memfd = (name: string, given: Partial<TextRow> = {}) =>
    elfRow(name, { place: 'memfd', image: 'memfd.img', holders, ...given });
  assert.deepEqual(
    said(memfdProgram, {
      texts: [memfd('kaudit'), memfd('runc_cloned:/proc/self/exe'), memfd('cache', { kind: 'binary' })],
    }),
    ['high fd/29/3', 'info fd/29/3'],
  );
});
