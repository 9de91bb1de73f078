import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execute } from '@stillframe/demo/stage';
import { leftBehind, needs, takeCensus } from '@stillframe/testkit';

const DEMO = fileURLToPath(new URL('../../packages/demo/src/main.ts', import.meta.url));

test('the demo passes twice in a row and leaves nothing behind', needs('checkpoint', 'docker-registry'), async () => {
  const before = await takeCensus();
  for (const round of [1, 2]) {
    const { stdout } = await execute([process.execPath, DEMO, '--output', 'json']);
    const report = JSON.parse(stdout);
    assert.deepEqual(
      [report.kind, report.schemaVersion, report.ok, report.half],
      ['DemoReport', 1, true, 'whole'],
      `round ${round}`,
    );
    assert.equal(report.copies.length, 3);
    for (const { went } of report.copies) assert.equal(went[0], report.figures.counterAtCheckpoint + 1);
  }
  assert.deepEqual(await leftBehind(before, 'stillframe-demo-'), []);
});
