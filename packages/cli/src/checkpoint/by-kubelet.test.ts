/** `stillframe checkpoint --kubelet` against a kubelet that answers what it likes. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openNodePki } from '@stillframe/kubelet';
import { atDesk } from '../desk.fixture.ts';

test('what a kubelet answers neither moves a cursor nor forges a line', () =>
  atDesk(async (desk) => {
    const { server: cert, serverKey: key } = await openNodePki({ folder: join(desk.work, 'pki'), nodeName: 'n' });
    const container = { name: 'c\u001b[2Jc', state: {} };
    const pods = [
      {
        metadata: { namespace: 'default', name: 'web' },
        spec: { containers: [container] },
        status: { containerStatuses: [{ ...container, state: { running: {} } }] },
      },
    ];
    const server = createServer({ cert, key }, (request, response) =>
      response.end(JSON.stringify({ items: request.url === '/pods' ? pods : ['/a\u001b]0;x\u0007\nsha256  forged'] })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo;
    await writeFile(join(desk.work, 'token'), 'sesame\n', { mode: 0o600 });
    const place = ['--kubelet', `https://localhost:${port}`, '--ca', 'pki/ca.crt', '--token-file', 'token'];
    const whole = await desk.run('checkpoint', 'web', '--all-containers', '--non-atomic', ...place);
    server.closeAllConnections();
    server.close();
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /\/a\\x1b\]0;x\\x07\\nsha256 {2}forged, on the kubelet’s machine\n/);
    assert.match(whole.stdout, /default\/web\/c\\x1b\[2Jc\n/);
    assert.doesNotMatch(whole.stdout, /[\u0000-\u0009\u000b-\u001f]/);
  }));
