import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openServiceAccount } from './service-account.ts';

const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

describe('the service account of a pod', () => {
  it('is its token, the authority and the namespace that the kubelet mounts', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    for (const [name, text] of [
      ['ca.crt', 'CA'],
      ['namespace', 'forensics'],
      ['token', 'sesame\n'],
    ] as const) {
      await writeFile(join(folder.path, name), text);
    }
    const access = await openServiceAccount({ env, folder: folder.path });
    assert.equal(access.server, 'https://[fd00::1]:443');
    assert.equal(access.kubeNamespace, 'forensics');
    assert.deepEqual(await access.credentials(), { ca: 'CA', headers: { Authorization: 'Bearer sesame' } });
  });

  it('is none outside of a pod, or where no token is mounted', async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    for (const where of [{ env: {} }, { env, folder: folder.path }]) {
      await assert.rejects(openServiceAccount(where), { code: 'ERR_CLUSTER_NO_CLUSTER' });
    }
  });
});
