import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StillframeError } from '@stillframe/core';
import { parseRegistriesConf } from './conf.ts';
import { type Mirror, rulesOfMirrors } from './node-rules.ts';
import { mergeRules, placesToRead, placeToWrite, type RegistryRule } from './rules.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const rulesOf = (text: string) => parseRegistriesConf(text, '/x/registries.conf');
const references = (name: string, rules: readonly RegistryRule[]) =>
  placesToRead(name, rules).map(({ reference }) => reference);
const ofNode = (name: string, mirrors: readonly Mirror[]) => references(name, rulesOfMirrors(mirrors, [], 'node'));

describe('mirrors of a registries.conf', () => {
  const rules = rulesOf(`
    [[registry]]
    prefix = "example.com/foo"
    location = "internal.example/bar"
    [[registry.mirror]]
    location = "mirror-0.local/foo"
    [[registry.mirror]]
    location = "mirror-1.local/m/foo/"
    insecure = true
    [[registry]]
    location = "registry.com"
    [[registry.mirror]]
    location = "mirror.registry.com"
  `);

  it('are asked in their order, then the location, each with its own trust', () => {
    assert.deepEqual(
      placesToRead('example.com/foo/image', rules).map(({ reference, insecure }) => [reference, insecure]),
      [
        ['mirror-0.local/foo/image:latest', false],
        ['mirror-1.local/m/foo/image:latest', true],
        ['internal.example/bar/image:latest', false],
      ],
    );
    assert.deepEqual(references(`registry.com/image@${DIGEST}`, rules), [
      `mirror.registry.com/image@${DIGEST}`,
      `registry.com/image@${DIGEST}`,
    ]);
  });

  it('are not for names that only begin with the same letters', () => {
    assert.deepEqual(references('example.com/foobar/image:1', rules), ['example.com/foobar/image:1']);
    assert.deepEqual(references('registry.community/image:1', rules), ['registry.community/image:1']);
    assert.deepEqual(references('busybox', rules), ['docker.io/library/busybox:latest']);
  });

  it('are never written to; the location is', () => {
    const place = placeToWrite('example.com/foo/image:1', rules);
    assert.deepEqual([place.reference, place.by?.from], ['internal.example/bar/image:1', '/x/registries.conf']);
    assert.deepEqual(placeToWrite('registry.com/image:1', rules), {
      reference: 'registry.com/image:1',
      insecure: false,
    });
  });

  it('are for digests or tags alone where that is said', () => {
    const picky = rulesOf(`
      [[registry]]
      location = "a.example"
      mirror-by-digest-only = true
      mirror = [{ location = "m.example" }]
      [[registry]]
      location = "b.example"
      mirror = [
        { location = "d.example", pull-from-mirror = "digest-only" },
        { location = "t.example", pull-from-mirror = "tag-only" },
        { location = "e.example", pull-from-mirror = "all" },
      ]`);
    assert.deepEqual(references('a.example/x:1', picky), ['a.example/x:1']);
    assert.deepEqual(references(`a.example/x@${DIGEST}`, picky), [`m.example/x@${DIGEST}`, `a.example/x@${DIGEST}`]);
    const hosts = (name: string) => references(name, picky).map((each) => each[0]);
    assert.deepEqual([hosts('b.example/x:1'), hosts(`b.example/x:1@${DIGEST}`)], [[...'teb'], [...'deb']]);
  });
});

describe('a rule', () => {
  it('is the one with the longest prefix, be it a whole reference', () => {
    const rules = rulesOf(`
      registry = [
        { prefix = "a.example", location = "1.example" },
        { prefix = "a.example/team", location = "2.example" },
        { prefix = "a.example/team/x:9", location = "3.example/y:8" },
      ]`);
    assert.deepEqual(references('a.example/other:9', rules), ['1.example/other:9']);
    assert.deepEqual(references('a.example/team/x:8', rules), ['2.example/x:8']);
    assert.deepEqual(references('a.example/team/x:9', rules), ['3.example/y:8']);
  });

  it('of a wildcard holds for every host below, with any port, and keeps names unless it has a location', () => {
    const rules = rulesOf(`
      registry = [
        { prefix = "*.example.com", insecure = true },
        { prefix = "*.deep.example.com", location = "flat.example" },
      ]`);
    const [place] = placesToRead('a.b.example.com:5000/x:1', rules);
    assert.deepEqual([place?.reference, place?.insecure], ['a.b.example.com:5000/x:1', true]);
    assert.deepEqual(references('h.deep.example.com/x:1', rules), ['flat.example/x:1']);
    for (const other of [
      'example.com/x:1',
      'badexample.com/x:1',
      'a.example.com.evil.example/x:1',
      'evil.example/a.example.com/x:1',
    ])
      assert.equal(placesToRead(other, rules)[0]?.insecure, false, other);
  });

  it('that blocks refuses reading and writing and names its file, also behind a location or as a mirror', () => {
    const rules = rulesOf(`
      registry = [
        { location = "bad.example", blocked = true },
        { prefix = "good.example", location = "bad.example/copy" },
        { location = "fine.example", mirror = [{ location = "bad.example/fine" }] },
      ]`);
    for (const refused of [
      () => placesToRead('bad.example/x:1', rules),
      () => placeToWrite('bad.example/x:1', rules),
      () => placesToRead('good.example/x:1', rules),
    ])
      assert.throws(refused, { code: 'ERR_REGISTRY_BLOCKED', message: /\/x\/registries.conf blocks bad.example/ });
    assert.deepEqual(references('fine.example/x:1', rules), ['fine.example/x:1']);
  });

  it('of a later file takes the place of an earlier one with the same prefix', () => {
    const before = rulesOf('registry = [{ location = "a.example", insecure = true }, { location = "b.example" }]');
    const merged = mergeRules(before, parseRegistriesConf('registry = [{ location = "a.example" }]', '/x/d.conf'));
    assert.deepEqual(
      merged.map(({ prefix, insecure, from }) => [prefix, insecure, from]),
      [
        ['a.example', false, '/x/d.conf'],
        ['b.example', false, '/x/registries.conf'],
      ],
    );
  });
});

describe('mirrors of the node’s configuration', () => {
  it('without any, the registry itself is asked', () => {
    assert.deepEqual(ofNode('busybox', []), ['docker.io/library/busybox:latest']);
  });

  it('the catch-all mirror takes the place of every registry’s name', () => {
    const mirrors = [{ prefix: '*', location: '127.0.0.1:5000' }];
    assert.deepEqual(ofNode('registry.example/a/b:1', mirrors), ['127.0.0.1:5000/a/b:1', 'registry.example/a/b:1']);
  });

  it('the longest prefix is asked first, then the shorter ones, and prefixes end at whole parts', () => {
    const mirrors = [
      { prefix: '*', location: 'mirror.example' },
      { prefix: 'docker.io', location: 'mirror.example/hub' },
      { prefix: 'docker.io/library', location: 'mirror.example/official' },
      { prefix: 'docker.io/lib', location: 'mirror.example/wrong' },
    ];
    assert.deepEqual(ofNode('docker.io/library/busybox:1', mirrors), [
      'mirror.example/official/busybox:1',
      'mirror.example/hub/library/busybox:1',
      'mirror.example/library/busybox:1',
      'docker.io/library/busybox:1',
    ]);
  });

  it('one without fallback is asked alone', () => {
    const mirrors = [{ prefix: '*', location: '127.0.0.1:5000', fallback: false }];
    assert.deepEqual(ofNode('quay.example/x:1', mirrors), ['127.0.0.1:5000/x:1']);
  });
});

describe('a registries.conf that is wrong', () => {
  const faults: [what: string, text: string, message: RegExp][] = [
    ['is no TOML', 'a = 1\nb = = 2', /\/x\/c.conf:2: /],
    [
      'has a word where true or false belongs',
      '[[registry]]\nlocation = "a.b"\ninsecure = "yes"',
      /conf:3: .*insecure is neither/,
    ],
    ['has a URL', '\n[[registry]]\nlocation = "https://a.b"', /conf:3: .*location is a URL/],
    ['has a place without a host', '[[registry]]\nlocation = "mirror/x"', /conf:2: .*begins with no host/],
    [
      'has nothing that says what it is about',
      '[[registry]]\nblocked = true',
      /conf:1: .*neither a prefix nor a location/,
    ],
    ['has a prefix without a location', '[[registry]]\nprefix = "a.b"', /conf:1: .*has no location/],
    ['has a wildcard with a path', '[[registry]]\nprefix = "*.a.b/c"', /conf:2: .*a \* stands only/],
    ['has a wildcard in the middle', '[[registry]]\nprefix = "a.*.b"\nlocation = "c.d"', /conf:2: .*a \* stands only/],
    [
      'has a mirror of no place',
      '[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\nlocation = "c.d"\n[[registry.mirror]]\ninsecure = true',
      /conf:5: registry\[0\].mirror\[1\] has no location/,
    ],
    [
      'has two minds',
      '[[registry]]\nlocation = "a.b"\nblocked = true\n[[registry]]\nprefix = "c.d"\nlocation = "a.b"\nblocked = false',
      /conf:7: .*says another thing of a.b/,
    ],
    [
      'says twice when a mirror is asked',
      '[[registry]]\nlocation = "a.b"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "c.d"\npull-from-mirror = "all"',
      /conf:6: .*does not go with/,
    ],
    [
      'has a use that nobody knows',
      '[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\nlocation = "c.d"\npull-from-mirror = "never"',
      /conf:5: /,
    ],
  ];
  for (const [what, text, message] of faults) {
    it(`since it ${what} is named with its line`, () => {
      assert.throws(
        () => parseRegistriesConf(text, '/x/c.conf'),
        (error) => StillframeError.is(error) && error.code === 'ERR_REGISTRIES_CONF' && message.test(error.message),
      );
    });
  }

  it('is not one with keys that are for others, nor one of version 1', () => {
    const text =
      'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "enforcing"\n[aliases]\n"x" = "a.b/x"';
    assert.deepEqual(rulesOf(text), []);
    const old =
      '[registries.search]\nregistries = ["s.example"]\n[registries.insecure]\nregistries = ["i.example"]\n[registries.block]\nregistries = ["b.example"]';
    assert.deepEqual(
      rulesOf(old).map(({ prefix, insecure, blocked }) => [prefix, insecure, blocked]),
      [
        ['i.example', true, false],
        ['b.example', false, true],
      ],
    );
    assert.throws(() => parseRegistriesConf(old, '/x', { dropIn: true }), { code: 'ERR_REGISTRIES_CONF' });
  });
});
