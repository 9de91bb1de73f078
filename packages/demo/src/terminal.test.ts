import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DemoReport, ToldStep } from './story.ts';
import { terminalTeller } from './terminal.ts';

const steps: ToldStep[] = [
  { id: 'checkpoint', title: 'Checkpoint it', ok: true, milliseconds: 340, line: '12 MiB, 81 ms pause' },
  { id: 'restore', title: 'Restore three copies', ok: true, milliseconds: 2345, line: 'all count on' },
];
const report: DemoReport = {
  ok: true,
  half: 'whole',
  steps,
  copies: [],
  figures: {
    truePauseMicroseconds: 81_234,
    frozenMicroseconds: 40_000,
    requestMilliseconds: 512,
    archiveBytes: 3 << 20,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    restoreMillisecondsEach: 780,
    convertMilliseconds: 95,
    pushMilliseconds: 210,
    pullAndRestoreMilliseconds: 1900,
  },
};

/** What a terminal, or a file where `isTTY` is false, gets of the story. */
function told(of: DemoReport, isTTY: boolean): string {
  const parts: string[] = [];
  const teller = terminalTeller({ write: (part) => parts.push(part), isTTY });
  for (const step of of.steps) {
    teller.begin(step);
    teller.end(step);
  }
  teller.summary(of);
  return parts.join('');
}

test('the story of a whole run, as a file gets it', () => {
  assert.equal(
    told(report, false),
    `  ✓ Checkpoint it                                  340 ms  12 MiB, 81 ms pause
  ✓ Restore three copies                            2.3 s  all count on

    true pause              81 ms (CRIU's own account: 40 ms)
    request to archive      512 ms
    archive                 3.00 MiB, sha256 ba7816bf8f01cfea…
    restore, each copy      780 ms
    archive to OCI image    95 ms
    push                    210 ms
    pull and restore        1.9 s

  Everything held.
`,
  );
});

test('a terminal sees each step begin, and the line is drawn over when it ends', () => {
  const text = told({ ...report, half: 'reading' }, true);
  assert.ok(text.startsWith('  … Checkpoint it\r\x1b[K  \x1b[32m✓\x1b[0m Checkpoint it'));
  assert.ok(text.endsWith('all count on\n\n  Everything held.\n'), 'the reading half has no figures');
});

test('a step that failed is named at the end, and no figures are shown', () => {
  const failed: ToldStep = {
    id: 'x',
    title: 'Restore three copies',
    ok: false,
    milliseconds: 9,
    line: 'no such image',
  };
  const text = told({ ...report, ok: false, steps: [failed] }, false);
  assert.equal(
    text,
    '  ✗ Restore three copies                             9 ms  no such image\n\n  Failed at: Restore three copies\n',
  );
});

test('what a step says cannot act on the terminal', () => {
  const evil: ToldStep = { id: 'x', title: 'Look', ok: true, milliseconds: 1, line: 'a\x1b[2J\nb' };
  assert.match(told({ ...report, steps: [evil] }, false), / {2}a\\x1b\[2J\\nb\n/);
  const said: string[] = [];
  terminalTeller({ write: (part) => said.push(part) }).say('x\r\x1b]0;y');
  assert.deepEqual(said, ['\n  x\\x0d\\x1b]0;y\n\n']);
});
