import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sysctlFiles } from './sysctls.ts';

const OWN = ['net', 'ipc', 'uts'];

test('settings of the pod’s own namespaces become files, either separator', () => {
  assert.deepEqual(sysctlFiles({ 'net.ipv4.ip_forward': '1', 'kernel/shmmax': '5', 'fs.mqueue.msg_max': '9' }, OWN), [
    { file: 'net/ipv4/ip_forward', value: '1' },
    { file: 'kernel/shmmax', value: '5' },
    { file: 'fs/mqueue/msg_max', value: '9' },
  ]);
  assert.equal(
    sysctlFiles({ 'net/ipv4/conf/eth0.1/forwarding': '1' }, OWN)[0]?.file,
    'net/ipv4/conf/eth0.1/forwarding',
  );
});

test('what reaches the host is refused', () => {
  for (const name of [
    'kernel.panic',
    'vm.swappiness',
    'net',
    'net.../../etc',
    'net.//.kernel.panic',
    'net./.core',
    'net..ipv4',
    '/net/x',
    'kernel.shmmax.x',
  ]) {
    assert.throws(() => sysctlFiles({ [name]: '1' }, OWN), { code: 'ERR_SANDBOX_INVALID' }, name);
  }
  assert.throws(() => sysctlFiles({ 'net.core.somaxconn': '1' }, ['ipc']), {
    message: /shares the host's net namespace/,
  });
});
