import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said } from './changes.fixture.ts';
import { codeAbsent, codeInjected, codePatched, codeRelocated } from './code-changed.ts';
import { codeRow } from './evidence.fixture.ts';

const unknown = codeRow({
  state: 'unknown',
  differences: [],
  differenceCount: 0,
  differingBytes: 0,
  longestDifference: 0,
});

test('a place of a library that was changed in memory is told with both bytes', () => {
  assert.deepEqual(said(codePatched, { code: [codeRow()] }), ['high memory/35/0x1ce0+12']);
});

test('without the file at hand a page that was written to is half as bad, unless it jumps out of all files', () => {
  assert.deepEqual(said(codePatched, { code: [unknown] }), ['medium memory/35/0x1000+4096']);
  const hooks = [{ address: 0x1ce0n, target: 0x9000n }];
  assert.deepEqual(said(codePatched, { code: [{ ...unknown, hooks }] }), ['high memory/35/0x1ce0+16']);
});

test('the page that CRIU writes to in every process, and one that is as it was, are nothing', () => {
  const equal = codeRow({ state: 'equal', differences: [], differenceCount: 0, longestDifference: 0 });
  assert.deepEqual(said(codePatched, { code: [{ ...unknown, written: [] }, equal] }), []);
});

test('breakpoints are told as such, those of the host’s tracers as a note', () => {
  const breakpoints = codeRow({ onlyBreakpoints: true, longestDifference: 1 });
  assert.deepEqual(said(codePatched, { code: [breakpoints, { ...breakpoints, hasUprobes: true }] }), [
    'medium memory/35/0x1ce0+12',
    'info memory/35/0x1ce0+12',
  ]);
});

test('what a loader changes itself is less: .NET’s libraries, and mappings that may be written to', () => {
  const code = [codeRow({ path: '/app/System.Private.CoreLib.dll' }), codeRow({ prot: 7 })];
  assert.deepEqual(said(codePatched, { code }), ['low memory/35/0x1ce0+12', 'low memory/35/0x1ce0+12']);
});

test('a long stretch is another program', () => {
  const code = [codeRow({ longestDifference: 600, differingBytes: 600 })];
  assert.deepEqual(said(codeInjected, { code }), ['high memory/35/0x1ce0+12']);
  assert.deepEqual(said(codePatched, { code }), []);
  assert.deepEqual(said(codeInjected, { code: [codeRow()] }), []);
});

test('what the loader relocated is a note', () => {
  assert.deepEqual(said(codeRelocated, { code: [codeRow({ state: 'relocated' }), codeRow()] }), [
    'info memory/35/0x1ce0+12',
  ]);
});

test('one file that nobody has is told; where even the loader is missing it is another image', () => {
  const absent = (path: string) => codeRow({ state: 'absent', path, differences: [], written: [] });
  assert.deepEqual(said(codeAbsent, { code: [absent('/opt/agent')] }), ['medium mapping/35/0x1000-0x3000']);
  assert.deepEqual(said(codeAbsent, { code: [absent('/opt/agent'), absent('/lib64/ld-linux-x86-64.so.2')] }), [
    'info mapping/35/0x1000-0x3000',
  ]);
  assert.deepEqual(said(codeAbsent, { code: [unknown] }), []);
});
