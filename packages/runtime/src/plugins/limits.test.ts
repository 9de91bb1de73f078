import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinuxResources } from '@stillframe/nri';
import { limitsFrom, limitsView, withFurther } from './limits.ts';

/** As a decoded message has its lists and mappings. */
const message = (members: Record<string, unknown>) =>
  ({ hugepageLimits: [], unified: {}, devices: [], ...members }) as unknown as LinuxResources;

test('limits come back from a plugin that changes nothing as they went', () => {
  const limits = {
    memoryLimitInBytes: 1 << 30,
    memorySwapLimitInBytes: -1,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    cpuShares: 512,
    cpusetCpus: '0-1',
    pidsLimit: 100,
    hugepageLimits: [{ pageSize: '2MB', limit: 4096 }],
    unified: { 'memory.high': '1' },
  };
  assert.deepEqual(limitsFrom(message({ ...limitsView(limits) })).resources, limits);
  assert.deepEqual(limitsFrom(message({ ...limitsView({}) })).resources, {});
});

test('what only plugins set has the names of the runtime specification, zero and false included', () => {
  const { resources, further } = limitsFrom(
    message({
      memory: { reservation: { value: 7n }, swappiness: { value: 0n }, disableOomKiller: { value: false } },
      cpu: { realtimePeriod: { value: 9n }, cpus: '', mems: '' },
    }),
  );
  assert.deepEqual(resources, {});
  assert.deepEqual(further, {
    memory: { reservation: 7, swappiness: 0, disableOOMKiller: false },
    cpu: { realtimePeriod: 9 },
  });
});

test('classes, and numbers that JSON does not carry, are refused', () => {
  const code = 'ERR_NRI_ADJUSTMENT';
  assert.throws(() => limitsFrom(message({ blockioClass: { value: 'fast' } })), { code, message: /fast/ });
  assert.throws(() => limitsFrom(message({ rdtClass: { value: 'gold' } })), { code });
  assert.throws(() => limitsFrom(message({ memory: { limit: { value: 2n ** 60n } } })), { code, message: /range/ });
});

test('groups of limits are merged, and what a plugin has set outlives a later change', () => {
  const before = { devices: [1], memory: { limit: 1, swappiness: 5 }, cpu: { shares: 2 } };
  const after = withFurther(before, { memory: { limit: 9 } }, { cpu: {}, memory: { reservation: 3 } });
  assert.deepEqual(after, { devices: [1], memory: { limit: 9, swappiness: 5, reservation: 3 }, cpu: { shares: 2 } });
  assert.deepEqual(withFurther({}, { memory: {}, cpu: { realtimePeriod: 1 } }), { cpu: { realtimePeriod: 1 } });
});
