/** What `stillframe migrate` and `restore --to-cluster` refuse before anything is done, against a fake API server. */
import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type FakeCluster, openFakeCluster, WEB, WEB_PATH } from '@stillframe/kubernetes/fixture';
import { atDesk, type Desk } from '../desk.fixture.ts';

describe('a migration that cannot be', () => {
  let cluster: FakeCluster;
  before(async () => {
    cluster = await openFakeCluster();
  });
  after(() => cluster[Symbol.asyncDispose]());
  const run = (desk: Desk, ...args: string[]) => desk.run(...args, '--kubeconfig', cluster.kubeconfig);

  it('is refused before anything is done', () =>
    atDesk(async (desk) => {
      const migrate = (...args: string[]) => run(desk, 'migrate', 'default/web', ...args);
      const to = ['--to', 'node-2', '--image', 'r.example/web:1'];
      const ownerReferences = [{ kind: 'ReplicaSet', name: 'web', controller: true }];
      cluster.documents.set(WEB_PATH, { ...WEB, metadata: { ...WEB.metadata, ownerReferences } });
      assert.match((await migrate(...to)).stderr, /web is of ReplicaSet web[\s\S]*ERR_CLUSTER_OWNED/);
      cluster.documents.set(WEB_PATH, WEB);
      for (const [args, message] of [
        [[], /--to and --image/],
        [['--to', 'node-1', '--image', 'r.example/web:1'], /runs on node-1 already/],
        [['--to', 'node-2', '--image', 'oci:x'], /a node must pull it/],
        [['--to', 'node-2', '--image', 'web'], /names no registry/],
        [[...to, '--patience', '0'], /whole seconds/],
        [[...to, '-n', 'default'], /names no one pod/],
      ] as const) {
        const { code, stderr } = await migrate(...args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
      }
      assert.ok(cluster.requests.every(({ line }) => line === `GET ${WEB_PATH}`));
      assert.deepEqual(await desk.left(), []);
    }));

  it('knows before the checkpoint that there is no such node, and names those that there are', () =>
    atDesk(async (desk) => {
      const { code, stderr } = await run(desk, 'migrate', 'web', '--to', 'node-9', '--image', 'r.example/web:1');
      assert.equal(code, 1);
      assert.match(
        stderr,
        /node-9: there is no such node {2}\[ERR_CLUSTER_NO_FIT\]\n.*nothing was done; there are node-1/,
      );
      assert.ok(cluster.requests.every(({ line }) => !line.startsWith('POST')));
      assert.deepEqual(await desk.left(), []);
    }));

  it('goes on with nothing else than was asked for, and an end is none of another pod of that name', () =>
    atDesk(async (desk) => {
      const uid = WEB.metadata.uid;
      const source = { kubeNamespace: 'default', pod: 'web', uid, node: 'node-1', container: 'app' };
      const target = { node: 'node-2', pod: 'web-moved' };
      const state = { version: 1, id: 'm', step: 'removed', reference: 'r.example/web:1', source, target };
      const keep = (change: object) =>
        writeFile(join(desk.work, 'migrate-web.json'), JSON.stringify({ ...state, ...change }));
      const migrate = (...args: string[]) => run(desk, 'migrate', 'web', ...args);
      await keep({ step: 'published' });
      for (const words of [
        ['--to', 'node-3'],
        ['--to', 'node-2', '--image', 'r.example/web:2'],
        ['--name', 'again'],
      ]) {
        const { code, stderr } = await migrate(...words);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /is of a migration with --\w+ \S+ {2}\[ERR_USAGE_ARGUMENT\]\n.*--state/);
      }
      await keep({});
      assert.equal((await migrate('--to', 'node-2', '--image', 'r.example/web:1')).code, 0);
      await keep({ source: { ...source, uid: 'of-another' } });
      const { code, stderr } = await migrate('--to', 'node-2', '--image', 'r.example/web:1');
      assert.equal(code, 2, stderr);
      assert.match(stderr, /has ended; default\/web is another pod/);
    }));

  it('goes back to the original where the node makes no checkpoints', () =>
    atDesk(async (desk) => {
      cluster.documents.set('/api/v1/nodes/node-2', { kind: 'Node', metadata: { name: 'node-2' } });
      const { code, stderr } = await run(desk, 'migrate', 'web', '--to', 'node-2', '--image', 'r.example/web:1');
      assert.equal(code, 1);
      assert.match(stderr, /ERR_CLUSTER_NODE_NO_CHECKPOINTS/);
      assert.ok(cluster.requests.every(({ line }) => !line.startsWith('DELETE')));
      assert.deepEqual(await desk.left(), []);
    }));

  it('goes on with no state of another move, of another pod of that name, or that somebody else goes on with', () =>
    atDesk(async (desk) => {
      const state = {
        ...{ version: 1, id: 'm', step: 'removed', reference: 'r.example/web:1', image: 'r.example/web@sha256:1' },
        source: { kubeNamespace: 'default', pod: 'web', uid: 'uid-before', node: 'node-1', container: 'app' },
        target: { node: 'node-2', pod: 'web-moved' },
      };
      await writeFile(join(desk.work, 'migrate-web.json'), JSON.stringify(state));
      const migrate = (...args: string[]) => run(desk, 'migrate', 'web', ...args);
      for (const [args, message] of [
        [['--to', 'node-3'], /a migration with --to node-2/],
        [['--image', 'r.example/web:2'], /a migration with --image/],
        [['--name', 'web-2'], /a migration with --name web-moved/],
        [['-c', 'side'], /a migration with --container app/],
        [['--to', 'node-2'], /has ended; default\/web is another pod/],
      ] as const) {
        const { code, stderr } = await migrate(...args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
      }
      await symlink(`${process.pid} ${hostname()} x`, join(desk.work, 'migrate-web.json.lock'));
      const { code, stderr } = await migrate('--to', 'node-2');
      assert.equal(code, 1);
      assert.match(stderr, /ERR_FILE_LOCKED/);
      assert.deepEqual((await desk.left()).toSorted(), ['migrate-web.json', 'migrate-web.json.lock']);
    }));

  it('keeps the archive beside its state, wherever it is run', () =>
    atDesk(async (desk) => {
      const name = 'checkpoint-web_default-app-2026-01-01T00:00:00Z.tar';
      await writeFile(join(cluster.checkpoints, name), 'no archive');
      const body = JSON.stringify({ items: [`/var/lib/kubelet/checkpoints/${name}`] });
      cluster.kubelet = () => ({ status: 200, body });
      await mkdir(join(desk.work, 'moves'));
      const to = ['--to', 'node-2', '--image', 'r.example/web:1', '--state', 'moves/web.json'];
      const { code, stderr } = await run(desk, 'migrate', 'web', ...to, '--fetch-image', 'busybox:1');
      assert.equal(code, 1, stderr);
      assert.deepEqual(await desk.left(), ['moves']);
      assert.ok((await readdir(join(desk.work, 'moves'))).includes(name), stderr);
    }));

  it('is no restore of what a node cannot pull', () =>
    atDesk(async (desk) => {
      const { stderr } = await run(desk, 'restore', 'oci:x', '--to-cluster', '--copies', '2');
      assert.match(stderr, /no room for: copies/);
      const alone = await desk.run('restore', 'x.tar', '--dry-run');
      assert.match(alone.stderr, /need --to-cluster/);
    }));
});
