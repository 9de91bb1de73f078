import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CgroupFolder, numberOf, tableOf } from './cgroup-folder.ts';
import { cpuV1, ioV1, memoryV1 } from './cgroup-v1.ts';
import { cpuV2, ioV2, memoryV2, parsePressure } from './cgroup-v2.ts';
import { defaultInterface, parseNetDev } from './network.ts';

/** A cgroup whose files are the members of `files`. */
function cgroup(version: 1 | 2, files: Readonly<Record<string, string>>): CgroupFolder {
  const text = async (_controller: string, file: string) => files[file];
  return {
    version,
    text,
    number: async (controller, file) => numberOf(await text(controller, file)),
    table: async (controller, file) => tableOf(await text(controller, file)),
    unified: async (file) => files[file],
  };
}

test('version 1 counts in ticks and in nanoseconds; both come out as nanoseconds', async () => {
  const files = {
    'cpuacct.usage': '31412016\n',
    'cpuacct.stat': 'user 2\nsystem 1\n',
    'cpu.stat': 'nr_periods 5\nnr_throttled 2\nthrottled_time 77\n',
  };
  assert.deepEqual(await cpuV1(cgroup(1, files)), {
    usage: 31412016n,
    user: 20_000_000n,
    system: 10_000_000n,
    periods: 5n,
    throttledPeriods: 2n,
    throttledTime: 77n,
  });
});

test('version 2 counts in microseconds', async () => {
  const files = { 'cpu.stat': 'usage_usec 7\nuser_usec 4\nsystem_usec 3\n' };
  assert.deepEqual(await cpuV2(cgroup(2, files)), { usage: 7000n, user: 4000n, system: 3000n });
});

test('the working set leaves out idle file pages and is never below zero; no limit is no figure', async () => {
  const one = { 'memory.usage_in_bytes': '100', 'memory.stat': 'inactive_file 1\ntotal_inactive_file 40\ntotal_rss 5' };
  const first = await memoryV1(cgroup(1, { ...one, 'memory.limit_in_bytes': '9223372036854771712' }));
  assert.deepEqual([first.workingSet, first.rss, first.limit], [60n, 5n, undefined]);
  const two = { 'memory.current': '30', 'memory.stat': 'inactive_file 40\nanon 5', 'memory.max': 'max' };
  const second = await memoryV2(cgroup(2, two));
  assert.deepEqual([second.workingSet, second.rss, second.limit], [0n, 5n, undefined]);
  assert.equal((await memoryV2(cgroup(2, { ...two, 'memory.max': '64' }))).limit, 64n);
});

test('what this host does not tell is absent, not zero', async () => {
  assert.deepEqual(await cpuV1(cgroup(1, {})), {});
  assert.deepEqual(await memoryV2(cgroup(2, {})), {});
});

test('reads and writes are told by device', async () => {
  const row = { device: '254:0', readBytes: 1n, writeBytes: 2n, reads: 3n, writes: 4n };
  const one = {
    'blkio.throttle.io_service_bytes_recursive': '254:0 Read 1\n254:0 Write 2\n254:0 Total 3\nTotal 3\n',
    'blkio.throttle.io_serviced_recursive': '254:0 Read 3\n254:0 Write 4\nTotal 7\n',
  };
  assert.deepEqual(await ioV1(cgroup(1, one)), [row]);
  const two = { 'io.stat': '254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n' };
  assert.deepEqual(await ioV2(cgroup(2, two)), [row]);
});

test('pressure is read from both lines; processors have had no second one on old kernels', () => {
  const some = 'some avg10=1.50 avg60=0.20 avg300=0.00 total=13326\n';
  const both = parsePressure(`${some}full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n`);
  assert.deepEqual([both?.some.total, both?.some.avg10, both?.full.total], [13326n, 1.5, 7n]);
  assert.equal(parsePressure(some)?.full.total, 0n);
  assert.equal(parsePressure(undefined), undefined);
});

test('interfaces are read with their eight columns each way; the default one is never the loopback', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
  eth0:1000000       20    1    2    0     0          0         0     3000      30    3    4    0     0       0          0
`;
  const all = parseNetDev(text);
  assert.deepEqual(
    all.map(({ name }) => name),
    ['lo', 'eth0'],
  );
  const { rxBytes, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped } = all[1] ?? {};
  assert.deepEqual([rxBytes, rxErrors, rxDropped], [1_000_000n, 1n, 2n]);
  assert.deepEqual([txBytes, txPackets, txErrors, txDropped], [3000n, 30n, 3n, 4n]);
  assert.equal(defaultInterface(all)?.name, 'eth0');
  assert.equal(defaultInterface(all.slice(0, 1)), undefined);
});

test('files with anything in them are read without a fault', () => {
  const numeric = fc.stringMatching(/^[a-z:. =0-9\n]{0,200}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), numeric), (text) => {
      tableOf(text);
      numberOf(text);
      parsePressure(text);
      parseNetDev(text);
    }),
  );
});
