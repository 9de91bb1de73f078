/** What plugins want together: who sets what, what takes the place of what, and what the next one sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ContainerAdjustmentSchema, ContainerSchema, ContainerUpdateSchema, Field } from '../proto.ts';
import { AdjustmentMerge } from './adjustments.ts';
import { Owners } from './owners.ts';
import { UpdateMerge } from './updates.ts';

type Wish = MessageInitShape<typeof ContainerAdjustmentSchema>;

/** The turns of plugins, in order. */
function merged(container: MessageInitShape<typeof ContainerSchema>, ...wishes: readonly [string, Wish][]) {
  const owners = new Owners();
  const seen = create(ContainerSchema, { id: 'c', ...container });
  const merge = new AdjustmentMerge(owners, seen);
  for (const [plugin, wish] of wishes) merge.add(plugin, create(ContainerAdjustmentSchema, wish));
  return { adjust: merge.adjust, seen, owners };
}

const conflict = (run: () => unknown, message: RegExp) => assert.throws(run, { code: 'ERR_NRI_CONFLICT', message });

test('what one plugin takes away another may have set; only it may then set that anew', () => {
  const mount = (destination: string, source: string) => ({ destination, source, type: 'bind' });
  const first: [string, Wish] = ['01-a', { mounts: [mount('/x', 'a'), mount('/y', 'a')], annotations: { k: 'a' } }];
  const second: [string, Wish] = ['02-b', { mounts: [mount('-/x', ''), mount('/x', 'b')], annotations: { '-k': '' } }];
  const { adjust, seen } = merged({ mounts: [mount('/x', 'image'), mount('/z', 'image')] }, first, second);
  assert.deepEqual(
    adjust.mounts.map(({ destination, source }) => [destination, source]),
    [
      ['/y', 'a'],
      ['-/x', ''],
      ['/x', 'b'],
    ],
  );
  assert.deepEqual(
    seen.mounts.map(({ destination, source }) => [destination, source]),
    [
      ['/z', 'image'],
      ['/y', 'a'],
      ['/x', 'b'],
    ],
  );
  assert.deepEqual([adjust.annotations, seen.annotations], [{ '-k': '' }, {}]);
  conflict(
    () => merged({}, first, second, ['03-c', { annotations: { k: 'c' } }]),
    /02-b and 03-c both set Annotations k/,
  );
});

test('a plugin may change its own mind; two may not differ', () => {
  const twice: Wish = { env: [{ key: 'A', value: '1' }], linux: { oomScoreAdj: { value: 1n } } };
  assert.equal(merged({}, ['01-a', twice], ['01-a', twice]).adjust.env.length, 2);
  const other = (wish: Wish) => () => merged({}, ['01-a', wish], ['02-b', wish]);
  conflict(other({ env: [{ key: 'A', value: '1' }] }), /Env A/);
  conflict(other({ args: ['x'] }), /Args/);
  conflict(other({ rlimits: [{ type: 'RLIMIT_CORE' }] }), /Rlimits RLIMIT_CORE/);
  conflict(other({ CDIDevices: [{ name: 'v/c=0' }] }), /CdiDevices v\/c=0/);
  conflict(other({ linux: { devices: [{ path: '/dev/x' }] } }), /Devices \/dev\/x/);
  conflict(other({ linux: { namespaces: [{ type: 'ipc' }] } }), /Namespace ipc/);
  conflict(other({ linux: { sysctl: { 'net.x': '1' } } }), /Sysctl net.x/);
  conflict(other({ linux: { cgroupsPath: '/x' } }), /CgroupsPath/);
  conflict(other({ linux: { seccompPolicy: {} } }), /SeccompPolicy/);
  conflict(other({ linux: { resources: { memory: { limit: { value: 1n } } } } }), /MemLimit/);
  conflict(other({ linux: { resources: { cpu: { cpus: '0' } } } }), /CPUSetCPUs/);
  conflict(other({ linux: { resources: { unified: { 'memory.high': '1' } } } }), /CgroupsUnified memory.high/);
  conflict(other({ linux: { resources: { hugepageLimits: [{ pageSize: '2MB' }] } } }), /HugepageLimits 2MB/);
  conflict(other({ linux: { rdt: { closId: { value: 'x' } } } }), /RdtClosID/);
});

test('hooks add up; limits of different kinds come together; arguments are replaced on purpose', () => {
  const { adjust, seen, owners } = merged(
    { args: ['image'] },
    [
      '01-a',
      { hooks: { prestart: [{ path: '/a' }] }, args: ['a'], linux: { resources: { cpu: { shares: { value: 1n } } } } },
    ],
    ['02-b', { hooks: { prestart: [{ path: '/b' }] }, args: ['', 'b'], linux: { resources: { pids: { limit: 9n } } } }],
  );
  assert.deepEqual(
    adjust.hooks?.prestart.map(({ path }) => path),
    ['/a', '/b'],
  );
  assert.deepEqual([adjust.args, seen.args], [['b'], ['b']]);
  assert.deepEqual([seen.linux?.resources?.cpu?.shares?.value, adjust.linux?.resources?.pids?.limit], [1n, 9n]);
  const simple = owners.message().owners?.['c']?.simple;
  assert.equal(simple?.[Field.OciHooks], '01-a,02-b');
  assert.equal(simple?.[Field.CPUShares], '01-a');
});

test('resctrl: what is set goes with the order to remove, or instead of it', () => {
  const set: [string, Wish] = ['01-a', { linux: { rdt: { closId: { value: 'x' } } } }];
  const removed = merged({}, set, ['02-b', { linux: { rdt: { remove: true } } }]).adjust.linux?.rdt;
  assert.deepEqual([removed?.remove, removed?.closId], [true, undefined]);
  const anew = merged({}, set, ['02-b', { linux: { rdt: { remove: true, closId: { value: 'y' } } } }]).adjust.linux
    ?.rdt;
  assert.deepEqual([anew?.remove, anew?.closId?.value], [false, 'y']);
});

test('names that objects have already are names like others', () => {
  const { adjust, seen } = merged({}, [
    '01-a',
    { env: [{ key: '__proto__', value: 'x' }], annotations: { constructor: 'y' } },
  ]);
  assert.deepEqual(seen.env, ['__proto__=x']);
  assert.equal(adjust.annotations['constructor'], 'y');
});

test('updates: one a container, conflicts ignored where that is said, none of the one that is being created', () => {
  const owners = new Owners();
  const updates = new UpdateMerge(owners, 'new');
  const update = (containerId: string, shares: bigint, ignoreFailure = false) =>
    create(ContainerUpdateSchema, {
      containerId,
      ignoreFailure,
      linux: { resources: { cpu: { shares: { value: shares } } } },
    });
  updates.add('01-a', [update('x', 1n, true), update('y', 1n)]);
  updates.add('02-b', [update('x', 2n, true)]);
  conflict(() => updates.add('02-b', [update('y', 2n)]), /CPUShares/);
  assert.throws(() => updates.add('02-b', [update('new', 2n)]), { code: 'ERR_NRI_ADJUSTMENT' });
  assert.deepEqual(
    updates
      .list()
      .map(({ containerId, linux, ignoreFailure }) => [
        containerId,
        linux?.resources?.cpu?.shares?.value,
        ignoreFailure,
      ]),
    [
      ['x', 1n, true],
      ['y', 1n, false],
    ],
  );
});
