import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isolationOf } from './isolation.ts';

const of = (annotations: Record<string, string>, more: Partial<Parameters<typeof isolationOf>[0]> = {}) =>
  isolationOf({ annotations, hostNamespaces: [], ...more });
const SANDBOX = 'io.stillframe.sandbox';
const forensic = { [SANDBOX]: 'forensic' };

test('a pod is on the CNI network, unless it says otherwise', () => {
  assert.deepEqual(of({}), { network: 'cni', forensic: false });
  assert.deepEqual(of({ 'io.stillframe.network': 'cni' }), { network: 'cni', forensic: false });
  assert.deepEqual(of({ 'io.stillframe.network': 'none' }), { network: 'loopback', forensic: false });
  assert.deepEqual(of({}, { hostNamespaces: ['net'] }), { network: 'host', forensic: false });
});

test('a forensic sandbox has loopback alone, or a sinkhole', () => {
  assert.deepEqual(of(forensic), { network: 'loopback', forensic: true });
  assert.deepEqual(of({ ...forensic, [`${SANDBOX}/sinkhole`]: 'false' }), { network: 'loopback', forensic: true });
  const pcap = '/var/tmp/a.pcap';
  assert.deepEqual(of({ ...forensic, [`${SANDBOX}/sinkhole`]: 'true', [`${SANDBOX}/pcap`]: pcap }), {
    ...{ network: 'sinkhole', forensic: true, pcap },
  });
});

test('every word that is not known is refused', () => {
  const wrong: Record<string, string>[] = [
    { 'io.stillframe.network': 'None' },
    { 'io.stillframe.network': '' },
    { 'io.stillframe.network': 'host' },
    { [SANDBOX]: 'forensics' },
    { [SANDBOX]: '' },
    { ...forensic, [`${SANDBOX}/sinkhole`]: 'yes' },
    { ...forensic, [`${SANDBOX}/sinkhol`]: 'true' },
    { [`${SANDBOX}/sinkhole`]: 'true' },
    { [`${SANDBOX}/pcap`]: '/a' },
    { ...forensic, [`${SANDBOX}/pcap`]: '/a' },
    ...['a.pcap', '/a/../b', '/a/', ''].map((path) => ({
      ...forensic,
      [`${SANDBOX}/sinkhole`]: 'true',
      [`${SANDBOX}/pcap`]: path,
    })),
  ];
  for (const annotations of wrong) {
    assert.throws(() => of(annotations), { code: 'ERR_SANDBOX_INVALID' }, JSON.stringify(annotations));
  }
});

test('what contradicts itself is refused: the host’s network never wins over “none”', () => {
  const code = { code: 'ERR_SANDBOX_INVALID' };
  assert.throws(() => of({ 'io.stillframe.network': 'none' }, { hostNamespaces: ['net', 'uts'] }), code);
  for (const kind of ['net', 'ipc', 'uts'] as const)
    assert.throws(() => of(forensic, { hostNamespaces: [kind] }), code);
  assert.throws(() => of(forensic, { pidMode: 'node' }), code);
  assert.throws(() => of(forensic, { privileged: true }), code);
  const port = { protocol: 'tcp', containerPort: 80, hostPort: 80, hostIP: '' } as const;
  assert.throws(() => of(forensic, { portMappings: [port] }), code);
  assert.throws(() => of({ ...forensic, 'io.stillframe.network': 'cni' }), code);
});
