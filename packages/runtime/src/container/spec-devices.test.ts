import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '@stillframe/testkit';
import { deviceNodes, deviceRules, prepareDevices } from './spec-devices.ts';

const linux = needs('linux');

test('a device is looked up on the host and allowed as asked', linux, async () => {
  const asked = { hostPath: '/dev/full', containerPath: '/dev/mine', permissions: 'r' };
  const devices = await prepareDevices([asked], false);
  assert.deepEqual(
    devices.map(({ path, type, major, minor }) => [path, type, major, minor]),
    [['/dev/mine', 'c', 1, 7]],
  );
  assert.deepEqual(deviceRules(devices, false), [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 7, access: 'r' },
  ]);
  assert.equal('access' in (deviceNodes(devices)[0] ?? {}), false);
});

test('without a path inside and permissions, both are those of the host', linux, async () => {
  const [device] = await prepareDevices([{ hostPath: '/dev/null', containerPath: '', permissions: '' }], false);
  assert.deepEqual([device?.path, device?.access], ['/dev/null', 'rwm']);
});

test('files, relative paths and odd permissions are refused', linux, async () => {
  const refused = [
    { hostPath: '/etc/passwd', containerPath: '', permissions: '' },
    { hostPath: 'dev/null', containerPath: '', permissions: '' },
    { hostPath: '/dev/null', containerPath: 'null', permissions: '' },
    { hostPath: '/dev/null', containerPath: '', permissions: 'x' },
    { hostPath: '/dev/nothing-here', containerPath: '', permissions: '' },
  ];
  for (const each of refused) await assert.rejects(prepareDevices([each], false), { code: 'ERR_CONTAINER_INVALID' });
});

test('a privileged container gets what the host has, and may do all', linux, async () => {
  const devices = await prepareDevices([], true);
  assert.ok(devices.some(({ path }) => path === '/dev/null'));
  assert.ok(!devices.some(({ path }) => path.startsWith('/dev/pts/') || path === '/dev/ptmx'));
  assert.deepEqual(deviceRules(devices, true), [{ allow: true, access: 'rwm' }]);
});
