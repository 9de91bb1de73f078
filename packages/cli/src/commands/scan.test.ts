/** `stillframe scan` as a user runs it: formats, and the way from a finding to its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at } from '@stillframe/core';
import { type Finding, parseReference } from '@stillframe/forensics';
import { atDesk } from '../desk.fixture.ts';
import { findingsText } from '../scan/text.ts';

const CRIO = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('each format of others is sound JSON, alike in every run, with the archive’s digest in it', () =>
  atDesk(async ({ run }) => {
    const shapes = { sarif: 'runs', stix: 'objects', case: '@graph' } as const;
    for (const [format, member] of Object.entries(shapes)) {
      const [one, other] = [await run('scan', CRIO, '--output', format), await run('scan', CRIO, '--output', format)];
      assert.deepEqual([one.code, one.stderr, one.stdout], [0, '', other.stdout]);
      assert.ok(Array.isArray(at(JSON.parse(one.stdout), member)), format);
      assert.match(one.stdout, /[0-9a-f]{64}/);
    }
    const { code, stdout } = await run('scan', CRIO, '--minimum', 'info', '--output', 'ocsf');
    assert.equal(code, 0);
    for (const line of stdout.split('\n').slice(0, -1)) assert.equal(at(JSON.parse(line), 'class_uid'), 2004);
  }));

test('a finding names the command that opens its first place, which a shell takes as it is', () => {
  const reference = parseReference('rootfs/a%20b');
  const finding: Finding = {
    ...{ id: '0', rule: 'r', title: 't', severity: 'high', techniques: ['T1611'], summary: 'x\u001b[2J' },
    references: [reference],
  };
  const text = findingsText([finding], 'my web.tar');
  assert.match(
    text,
    /^HIGH {6}x\\x1b\[2J\n {10}rootfs\/a%20b\n {10}r {2}T1611\n {10}stillframe show 'my web\.tar' rootfs\/a%20b\n/,
  );
  assert.match(text, /\none finding in my web\.tar\n$/);
});
