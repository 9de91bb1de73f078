import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { writeEndpoints } from './endpoints.ts';
import { openNodeApi } from './node-api.ts';

test('a node that has ended is told as that, although what it served over may go on', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const paths = { root: folder.path, state: folder.path };
  await assert.rejects(openNodeApi(paths), { code: 'ERR_NODE_NOT_RUNNING' });
  await writeEndpoints(paths, {
    ...{ pid: 1, socket: '/run/other.sock', foreign: 'containerd', kubelet: 'https://127.0.0.1:1' },
    ...{ checkpoints: '', clientCertificate: '', clientKey: '', ca: '' },
  });
  await assert.rejects(openNodeApi(paths), { code: 'ERR_NODE_NOT_RUNNING', hint: /node up --cri/ });
});
