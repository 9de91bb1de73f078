import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { archiveName, isDnsLabel, isDnsSubdomain, parseArchiveName, rfc3339 } from './names.ts';

describe('the time in an archive name', () => {
  const time = new Date('2026-08-22T17:21:51.987Z');

  it('is local, to the second, as Go writes RFC 3339', () => {
    assert.equal(rfc3339(time, 0), '2026-08-22T17:21:51Z');
    assert.equal(rfc3339(time, 120), '2026-08-22T19:21:51+02:00');
    assert.equal(rfc3339(time, -210), '2026-08-22T13:51:51-03:30');
    assert.equal(rfc3339(time, 420), '2026-08-23T00:21:51+07:00');
  });

  it('is the same instant in every zone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: -14 * 60, max: 14 * 60 }), (seconds, offset) => {
        assert.equal(Date.parse(rfc3339(new Date(seconds * 1000), offset)), seconds * 1000);
      }),
    );
  });
});

describe('a name in a path', () => {
  it('is a DNS label or subdomain, or nothing', () => {
    for (const good of ['a', 'counter-1', '0', 'a'.repeat(63)]) assert.ok(isDnsLabel(good), good);
    for (const bad of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a/b', '..', 'a\n', 'a'.repeat(64), 'ä']) {
      assert.ok(!isDnsLabel(bad), bad);
    }
    assert.ok(isDnsSubdomain('etcd-node.example.com'));
    for (const bad of ['.', '..', 'a..b', '.a', 'a.', 'a/../b']) assert.ok(!isDnsSubdomain(bad), bad);
  });

  it('cannot lead an archive out of its folder', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        if (isDnsSubdomain(name)) assert.doesNotMatch(name, /[/\0]|\.\./);
      }),
    );
    const name = archiveName({ kubeNamespace: 'default', pod: 'counters', container: 'counter' }, new Date());
    assert.match(name, /^checkpoint-counters_default-counter-[-+0-9TZ:]+\.tar$/);
  });

  it('is never a path, whatever a runtime calls its containers', () => {
    const evil = { kubeNamespace: '..', pod: 'p\0\n', container: '../../../tmp/x' };
    assert.equal(archiveName(evil, new Date(0)).replace(/-1970.*|-1969.*/, ''), 'checkpoint-p___..-.._.._.._tmp_x');
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (kubeNamespace, pod, container) => {
        assert.doesNotMatch(archiveName({ kubeNamespace, pod, container }, new Date()), /[/\p{Cc}]/u);
      }),
    );
  });
});

describe('an archive name that is read', () => {
  const time = new Date('2026-08-22T17:21:51Z');

  it('tells time and address, whatever the zone it was written in', () => {
    const address = { kubeNamespace: 'default', pod: 'web.1', container: 'app' };
    const found = parseArchiveName(archiveName(address, time));
    assert.deepEqual([found?.time, found?.addresses], [time.getTime(), [address]]);
    const other = parseArchiveName('checkpoint-p_n-c-2026-08-22T19:21:51+02:00.tar');
    assert.deepEqual([other?.time, other?.stem], [time.getTime(), 'checkpoint-p_n-c']);
  });

  it('tells every address where dashes leave a choice', () => {
    const { addresses = [] } = parseArchiveName('checkpoint-p_kube-system-app-2026-08-22T17:21:51Z.tar') ?? {};
    assert.deepEqual(
      addresses.map(({ kubeNamespace, container }) => [kubeNamespace, container]),
      [
        ['kube', 'system-app'],
        ['kube-system', 'app'],
      ],
    );
  });

  it('is no other file', () => {
    const stem = 'checkpoint-p_n-c-2026-08-22T17:21:51Z.tar';
    for (const name of [
      `${stem}.keep`,
      `.removed-${stem}`,
      'checkpoint-p_n-c.tar',
      'a.tar',
      stem.replace('T17', 'T77'),
    ])
      assert.equal(parseArchiveName(name), undefined, name);
    fc.assert(fc.property(fc.string(), (name) => assert.equal(parseArchiveName(name), undefined)));
  });

  it('gives the address that it was made of among others', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    fc.assert(
      fc.property(label, label, label, (kubeNamespace, pod, container) => {
        const address = { kubeNamespace, pod, container };
        const found = parseArchiveName(archiveName(address, time))?.addresses ?? [];
        assert.ok(found.some((each) => JSON.stringify(each) === JSON.stringify(address)));
      }),
    );
  });
});
