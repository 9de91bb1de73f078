import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapLine, mappingFor, specMappings, userMapping } from './mapping.ts';

const run = { containerID: 0, hostID: 100_000, length: 65_536 };

test('one run of users and one of groups become the kernel’s lines and those of config.json', () => {
  const mapping = userMapping([run], [{ ...run, hostID: 200_000 }]);
  assert.equal(mapLine(mapping.uids), '0 100000 65536');
  assert.deepEqual(specMappings(mapping), {
    uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    gidMappings: [{ containerID: 0, hostID: 200_000, size: 65_536 }],
  });
});

test('no mapping, several, one without root, one to the host’s root and one that is too large are refused', () => {
  const wrong = [
    [],
    [run, { containerID: 65_536, hostID: 300_000, length: 10 }],
    [{ ...run, containerID: 1 }],
    [{ ...run, hostID: 0 }],
    [{ ...run, length: 0 }],
    [{ ...run, hostID: 0xffff_0000, length: 0x1_0000 }],
  ];
  for (const mappings of wrong) {
    assert.throws(() => userMapping(mappings, [run]), { code: 'ERR_SANDBOX_INVALID', message: /of users/ });
    assert.throws(() => userMapping([run], mappings), { code: 'ERR_SANDBOX_INVALID', message: /of groups/ });
  }
});

test('where the host cannot, the pod is refused with the reason and not run without', async () => {
  const pod = { userMapping: { uids: [run], gids: [run] }, hostNamespaces: [] } as never;
  const node = { userNamespacesMissing: async () => 'no perl' };
  await assert.rejects(mappingFor(node, pod), { code: 'ERR_USERNS_UNSUPPORTED', message: /no perl/ });
  assert.equal(await mappingFor(node, { hostNamespaces: [] } as never), undefined);
});
