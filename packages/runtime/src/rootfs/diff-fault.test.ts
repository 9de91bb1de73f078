import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeError } from '../errors.ts';
import { diffFault } from './diff-fault.ts';

const failed = (...lines: string[]) =>
  runtimeError('ERR_PROCESS_FAILED', 'tar ended with code 2', { details: { stderr: lines.join('\n') } });

test('the first fault that GNU tar met is told with its entry', () => {
  for (const [lines, fault] of [
    [['tar: This does not look like a tar archive', 'tar: Exiting'], 'rootfs-diff.tar is no tar archive'],
    [['tar: Unexpected EOF in archive', 'tar: Error is not recoverable'], 'rootfs-diff.tar ends too early'],
    [["tar: a/../../x: Member name contains '..'"], 'its entry "a/../../x" has `..` in its name'],
    [['tar: link/x: Cannot open: Not a directory'], 'its entry "link/x" cannot be unpacked (open: Not a directory)'],
    [
      ["tar: hard: Cannot hard link to '/etc/passwd': Invalid cross-device link"],
      'its entry "hard" cannot be unpacked (hard link: Invalid cross-device link)',
    ],
    [['tar: something new'], 'it is damaged'],
  ] as const)
    assert.equal(diffFault(failed(...lines)), fault);
});

test('a name is made harmless and bounded', () => {
  const fault = diffFault(failed(`tar: \u001b[2J${'n'.repeat(5000)}: Cannot mkdir: File name too long`));
  assert.ok(!fault.includes('\u001b') && fault.length < 300, fault);
  assert.equal(diffFault(new Error('secret')), 'it cannot be read');
});
