import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { archivePlace, namedArchive } from './archive-name.ts';

const at = Date.parse('2026-01-01T12:00:00Z');
const web = { kubeNamespace: 'shop', pod: 'web-0', container: 'app', from: at, to: at + 60_000 };

describe('the name of a kubelet’s archive', () => {
  it('is taken only as a plain path in a folder of checkpoints', () => {
    assert.deepEqual(archivePlace('/var/lib/kubelet/checkpoints/checkpoint-a_b-c-2026-01-01T12:00:00Z.tar'), {
      folder: '/var/lib/kubelet/checkpoints',
      name: 'checkpoint-a_b-c-2026-01-01T12:00:00Z.tar',
    });
    for (const path of [
      '/etc/shadow',
      'checkpoints/checkpoint-a.tar',
      '/checkpoints/../etc/checkpoint-a.tar',
      '/var/lib/checkpoints/checkpoint-a\u202e.tar',
      '/var/lib/kubelet/checkpoints/x.tar',
    ]) {
      assert.equal(archivePlace(path), undefined, path);
    }
  });

  it('tells of whom and when, in the node’s own time zone', () => {
    assert.ok(namedArchive('checkpoint-web-0_shop-app-2026-01-01T12:00:30Z.tar', web));
    assert.ok(namedArchive('checkpoint-web-0_shop-app-2026-01-01T13:00:30+01:00.tar', web));
    for (const name of [
      'checkpoint-web-0_shop-app-2026-01-01T11:59:00Z.tar',
      'checkpoint-web-0_shop-app-2026-01-01T12:02:00Z.tar',
      'checkpoint-web-0_shop-app-side-2026-01-01T12:00:30Z.tar',
      'checkpoint-web-0_other-app-2026-01-01T12:00:30Z.tar',
      'checkpoint-web-0_shop-app-soon.tar',
    ]) {
      assert.ok(!namedArchive(name, web), name);
    }
  });
});
