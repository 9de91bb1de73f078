import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampOomScoreAdj, fitResources, mergeResources, type ResourceHost, specResources } from './spec-resources.ts';

const host: ResourceHost = { unified: false, hugepages: false, lowestOomScoreAdj: 100 };

test('what is not set is not in the specification', () => {
  assert.deepEqual(specResources({}), {});
  assert.deepEqual(specResources({ cpuShares: 0, memoryLimitInBytes: 0, cpusetCpus: '' }), {});
  assert.deepEqual(specResources({ cpuQuota: 5, cpusetCpus: '0-1', memorySwapLimitInBytes: -1, pidsLimit: 9 }), {
    cpu: { quota: 5, cpus: '0-1' },
    memory: { swap: -1 },
    pids: { limit: 9 },
  });
});

test('a score that this node may not set is raised to what it may, and told', () => {
  const { resources, clamped } = fitResources({ oomScoreAdj: -999, cpuShares: 2 }, host);
  assert.deepEqual(resources, { cpuShares: 2, oomScoreAdj: 100 });
  assert.match(clamped.join(), /oom_score_adj -999: this node may set no less than 100/);
  assert.equal(clampOomScoreAdj(5000, host), 1000);
  assert.equal(clampOomScoreAdj(-5000, { ...host, lowestOomScoreAdj: -1000 }), -1000);
  assert.deepEqual(fitResources({ oomScoreAdj: 500 }, host).clamped, []);
});

test('large pages are left out where the host has no such cgroup; settings of version 2 are refused', () => {
  const hugepageLimits = [{ pageSize: '2MB', limit: 4096 }];
  assert.deepEqual(fitResources({ hugepageLimits }, host).resources, {});
  assert.equal(fitResources({ hugepageLimits }, host).clamped.length, 1);
  assert.deepEqual(fitResources({ hugepageLimits }, { ...host, hugepages: true }).resources, { hugepageLimits });
  const unified = { 'memory.high': '1' };
  assert.throws(() => fitResources({ unified }, host), { code: 'ERR_CONTAINER_INVALID' });
  assert.deepEqual(fitResources({ unified }, { ...host, unified: true }).resources, { unified });
});

test('a setting that no kernel takes is refused by its name', () => {
  for (const [wanted, name] of [
    [{ cpuPeriod: -1 }, /cpu_period is -1/],
    [{ cpuQuota: -2 }, /cpu_quota is -2/],
    [{ cpuShares: -1 }, /cpu_shares/],
    [{ memoryLimitInBytes: -2 }, /memory_limit_in_bytes/],
    [{ memorySwapLimitInBytes: -2 }, /memory_swap_limit_in_bytes/],
  ] as const)
    assert.throws(() => fitResources(wanted, host), { code: 'ERR_CONTAINER_INVALID', message: name });
  const unlimited = { cpuPeriod: 0, cpuQuota: -1, memoryLimitInBytes: -1, memorySwapLimitInBytes: -1 };
  assert.deepEqual(fitResources(unlimited, host).resources, unlimited);
});

test('a change keeps what it does not give', () => {
  const current = { cpuQuota: 5, cpuShares: 7, unified: { a: '1', b: '1' } };
  assert.deepEqual(mergeResources(current, { cpuQuota: 6, cpuShares: 0, cpusetCpus: '', hugepageLimits: [] }), {
    ...current,
    cpuQuota: 6,
  });
  assert.deepEqual(mergeResources(current, { unified: { b: '2' } }).unified, { a: '1', b: '2' });
});

test('a new limit of memory alone keeps the swap there was', () => {
  const current = { memoryLimitInBytes: 100, memorySwapLimitInBytes: 150 };
  assert.deepEqual(mergeResources(current, { memoryLimitInBytes: 400 }), {
    memoryLimitInBytes: 400,
    memorySwapLimitInBytes: 450,
  });
  assert.equal(
    mergeResources({ ...current, memorySwapLimitInBytes: -1 }, { memoryLimitInBytes: 400 }).memorySwapLimitInBytes,
    -1,
  );
});
