import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerAdjustment } from '@stillframe/nri';
import { adjustAnnotations, adjustSpec, shapeOf } from './adjust-spec.ts';
import type { PluginSpec } from './spec-view.ts';

const spec: PluginSpec = {
  ociVersion: '1.0.2',
  process: { args: ['sleep', '1'], env: ['PATH=/bin', 'KEEP=1', 'GO=1'], cwd: '/' },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc', options: [] },
    { destination: '/data/deep', type: 'bind', source: '/host', options: ['rbind'] },
  ],
  annotations: { a: '1', b: '2' },
  linux: {
    namespaces: [{ type: 'pid' }, { type: 'network', path: '/net' }],
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }],
    resources: { devices: [{ allow: false, access: 'rwm' }], memory: { limit: 1 } },
    sysctl: { 'net.x': '1' },
  },
};

const NO_HOOKS = {
  prestart: [],
  createRuntime: [],
  createContainer: [],
  startContainer: [],
  poststart: [],
  poststop: [],
};

/** As a decoded message has its lists and mappings. */
function adjustment(members: Record<string, unknown>, linux?: Record<string, unknown>): ContainerAdjustment {
  const lists = { annotations: {}, mounts: [], env: [], rlimits: [], CDIDevices: [], args: [] };
  const none = { devices: [], cgroupsPath: '', namespaces: [], sysctl: {}, netDevices: {} };
  return { ...lists, ...members, ...(linux ? { linux: { ...none, ...linux } } : {}) } as unknown as ContainerAdjustment;
}

test('an adjustment of nothing changes nothing', () => {
  assert.deepEqual(adjustSpec(spec, adjustment({}, {})), spec);
  assert.deepEqual(adjustSpec(spec, adjustment({ hooks: NO_HOOKS })), spec);
});

test('variables, arguments and annotations: set, replaced in their place, taken away', () => {
  const env = [
    { key: '-GO', value: '' },
    { key: 'KEEP', value: 'a=b' },
    { key: 'NEW', value: '' },
  ];
  const annotations = { '-a': '', b: '3', c: '4' };
  const adjusted = adjustSpec(spec, adjustment({ env, annotations, args: ['true'] }));
  assert.deepEqual(adjusted.process.env, ['PATH=/bin', 'KEEP=a=b', 'NEW=']);
  assert.deepEqual(adjusted.process.args, ['true']);
  assert.deepEqual(adjusted.annotations, { b: '3', c: '4' });
});

test('mounts stand outer before inner, take the place of others, and open the root where they travel', () => {
  const mount = (destination: string, ...options: string[]) => ({ destination, type: 'bind', source: '/s', options });
  const mounts = [mount('/data', 'rbind', 'rslave', 'relatime', 'relabel'), mount('-/proc'), mount('/a/b/c')];
  const adjusted = adjustSpec(spec, adjustment({ mounts }));
  assert.deepEqual(
    adjusted.mounts.map(({ destination }) => destination),
    ['/data', '/data/deep', '/a/b/c'],
  );
  assert.deepEqual(adjusted.mounts[0]?.options, ['rbind', 'rslave', 'relatime'], 'what is for SELinux is no option');
  assert.equal(adjusted.linux.rootfsPropagation, 'rslave');
});

test('devices come with what the devices cgroup allows; namespaces, sysctls, hooks and seccomp are those asked for', () => {
  const device = { path: '/dev/null2', type: 'c', major: 1n, minor: 3n, fileMode: { value: 0o666 } };
  const hook = { path: '/bin/hook', args: ['hook'], env: [], timeout: { value: 5n } };
  const adjusted = adjustSpec(
    spec,
    adjustment(
      { hooks: { ...NO_HOOKS, createRuntime: [hook] }, rlimits: [{ type: 'RLIMIT_NOFILE', hard: 20n, soft: 10n }] },
      {
        devices: [device, { path: '-/dev/fuse' }],
        resources: { devices: [{ allow: true, type: 'c', major: { value: 5n }, access: 'r' }] },
        namespaces: [
          { type: '-network', path: '' },
          { type: 'ipc', path: '/ipc' },
        ],
        sysctl: { '-net.x': '', 'net.y': '2' },
        seccompPolicy: {
          ...{ defaultAction: 'SCMP_ACT_ALLOW', architectures: [], flags: [], listenerPath: '', listenerMetadata: '' },
          syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_ERRNO', errnoRet: { value: 38 }, args: [] }],
        },
      },
    ),
  );
  assert.deepEqual(adjusted.linux.devices, [{ path: '/dev/null2', type: 'c', major: 1, minor: 3, fileMode: 0o666 }]);
  assert.deepEqual(adjusted.linux.resources.devices, [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
    { allow: true, type: 'c', major: 5, access: 'r' },
  ]);
  assert.deepEqual(adjusted.linux.namespaces, [{ type: 'pid' }, { type: 'ipc', path: '/ipc' }]);
  assert.deepEqual(adjusted.linux.sysctl, { 'net.y': '2' });
  assert.deepEqual(adjusted.hooks, { createRuntime: [{ path: '/bin/hook', args: ['hook'], env: [], timeout: 5 }] });
  assert.deepEqual(adjusted.process.rlimits, [{ type: 'RLIMIT_NOFILE', hard: 20, soft: 10 }]);
  assert.deepEqual(adjusted.linux.seccomp, {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
  });
  assert.deepEqual(spec.linux.namespaces.length, 2, 'the original is as it was');
});

test('what cannot be done here, or by anyone, is refused and named', () => {
  const refused = (adjust: ContainerAdjustment, message: RegExp) =>
    assert.throws(() => adjustSpec(spec, adjust), { code: 'ERR_NRI_ADJUSTMENT', message });
  refused(adjustment({ CDIDevices: [{ name: 'v/c=0' }] }, { cgroupsPath: '/x' }), /CDI devices, another cgroup path/);
  refused(adjustment({}, { ioPriority: {}, scheduler: {} }), /I\/O priority, a scheduling policy/);
  refused(
    adjustment({}, { rdt: {}, memoryPolicy: {}, netDevices: { eth1: {} } }),
    /network devices, resctrl.*memory policy/,
  );
  const mount = { type: 'bind', source: '/s', options: [] };
  refused(adjustment({ mounts: [{ ...mount, destination: 'relative' }] }), /a mount at relative/);
  refused(adjustment({ mounts: [{ ...mount, destination: '/x/..' }] }), /a mount at/);
  refused(adjustment({ env: [{ key: 'A=B', value: '' }] }), /a variable/);
  refused(adjustment({ env: [{ key: 'A', value: '\0' }] }), /a variable/);
  refused(adjustment({ rlimits: [{ type: 'RLIMIT_NPROC', hard: 2n ** 64n - 1n, soft: 1n }] }), /RLIMIT_NPROC/);
  for (const key of ['org.criu.config', '-org.criu.config']) {
    assert.throws(() => adjustAnnotations({}, { [key]: '/x' }), { code: 'ERR_NRI_ADJUSTMENT' });
  }
});

test('what gives a container another shape is named, limits and annotations are not among it', () => {
  assert.deepEqual(shapeOf(adjustment({ annotations: { a: 'b' } }, { resources: { devices: [] } })), []);
  const shape = shapeOf(
    adjustment({ env: [{ key: 'A', value: '' }], args: ['x'] }, { devices: [{}], sysctl: { a: 'b' } }),
  );
  assert.deepEqual(shape, ['arguments', 'variables', 'devices', 'kernel settings']);
});
