/** `stillframe rules`, and rules that are chosen for a scan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atDesk } from '../desk.fixture.ts';

const CRIO = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('all rules are listed by their ids, one is shown whole', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run('rules');
    assert.equal(code, 0);
    const ids = stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(' ')[0]);
    assert.deepEqual(ids, ids.toSorted());
    assert.ok(ids.includes('shell-on-socket'));
    const one = await run('rules', 'miner');
    assert.match(one.stdout, /^miner\n.*\n.*\n.*T1496.*\nwhy +\S.*\nbenign +\S.*\nmemory/);
  }));

test('for programs some of them, from a severity on', () =>
  atDesk(async ({ run }) => {
    const { stdout } = await run('rules', 'process-*', '--minimum', 'high', '--output', 'json');
    const { kind, rules } = JSON.parse(stdout) as { kind: string; rules: { id: string; severity: string }[] };
    assert.equal(kind, 'RuleList');
    assert.ok(rules.length > 1 && rules.every(({ id, severity }) => id.startsWith('process-') && severity === 'high'));
  }));

test('a scan judges by the rules that were chosen, and not by one that there is not', () =>
  atDesk(async ({ run }) => {
    const only = await run('scan', CRIO, '--rule', 'seccomp-off');
    assert.match(only.stdout, /no filter of system calls[\s\S]*one finding/);
    const without = await run('scan', CRIO, '--rule', 'seccomp-off,miner', '--without', 'seccomp-off');
    assert.equal(without.stdout, 'nothing suspicious was found\n');
    const { code, stderr } = await run('scan', CRIO, '--rule', 'seccomp');
    assert.equal(code, 2);
    assert.match(stderr, /there is no rule "seccomp"; perhaps seccomp-off/);
  }));
