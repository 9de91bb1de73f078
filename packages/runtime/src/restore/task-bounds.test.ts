import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '@stillframe/testkit';
import { parseLimits, taskBounds } from './task-bounds.ts';

const TEXT = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max data size             unlimited            unlimited            bytes     
Max stack size            8388608              unlimited            bytes     
Max core file size        0                    unlimited            bytes     
Max resident set          unlimited            unlimited            bytes     
Max processes             unlimited            5000                 processes 
Max open files            1024                 20000                files     
`;

test('hard limits are read by number', () => {
  const limits = parseLimits(TEXT);
  assert.deepEqual(limits, [undefined, undefined, undefined, undefined, undefined, undefined, 5000n, 20_000n]);
});

test('no process may have more open files than the kernel allows to anybody', needs('linux'), async () => {
  for (const held of [new Set(['CAP_SYS_RESOURCE']), new Set<string>()]) {
    const { hardLimits, lowestOomScoreAdj } = await taskBounds(held);
    assert.ok((hardLimits[7] ?? 0n) > 0n);
    assert.ok(lowestOomScoreAdj >= -1000 && lowestOomScoreAdj <= 1000);
  }
});
