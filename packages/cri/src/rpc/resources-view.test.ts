import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { signalName } from '@stillframe/runtime';
import { LinuxContainerResourcesSchema, Signal } from '../proto.ts';
import { resourcesFrom, resourcesView } from './resources-view.ts';
import { signalFrom, signalView } from './signal-view.ts';

test('limits come over and go back as they were; zero is not set', () => {
  const all = {
    cpuPeriod: 100_000n,
    cpuQuota: -1n,
    cpuShares: 2n,
    memoryLimitInBytes: 1n << 40n,
    memorySwapLimitInBytes: -1n,
    oomScoreAdj: -997n,
    cpusetCpus: '0-3',
    cpusetMems: '0',
    hugepageLimits: [{ pageSize: '2MB', limit: 4096n }],
    unified: { 'memory.high': 'max' },
  };
  const message = create(LinuxContainerResourcesSchema, all);
  assert.deepEqual(create(LinuxContainerResourcesSchema, resourcesView(resourcesFrom(message))), message);
  assert.deepEqual(resourcesFrom(create(LinuxContainerResourcesSchema)), {});
  assert.deepEqual(resourcesFrom(undefined), {});
});

test('a number that config.json could not carry is refused', () => {
  const message = create(LinuxContainerResourcesSchema, { memoryLimitInBytes: 1n << 60n });
  assert.throws(() => resourcesFrom(message), { code: 'ERR_CRI_REQUEST_INVALID' });
});

test('every signal of the CRI’s list has a name that leads back to it, synonyms to the usual one', () => {
  assert.equal(signalFrom(Signal.RUNTIME_DEFAULT), undefined);
  assert.equal(signalFrom(Signal.SIGRTMINPLUS3), 'SIGRTMIN+3');
  const synonyms = new Set(['SIGCLD', 'SIGIOT', 'SIGPOLL']);
  for (const [name, number] of Object.entries(Signal)) {
    if (name === 'RUNTIME_DEFAULT') continue;
    const back = signalView(signalFrom(number));
    if (synonyms.has(name)) assert.notEqual(back, Signal.RUNTIME_DEFAULT, name);
    else assert.equal(back, number, name);
  }
  assert.equal(signalView('no such'), Signal.RUNTIME_DEFAULT);
  assert.equal(signalView('TERM'), Signal.SIGTERM);
  assert.equal(signalName(15), 'SIGTERM');
});
