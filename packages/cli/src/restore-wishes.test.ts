import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, type WishOptions, wishesOf } from './restore-wishes.ts';

const of = (options: Partial<WishOptions>, copies = 1) => wishesOf({ network: 'none', setEnv: [], ...options }, copies);

test('a plain restore asks nothing that another runtime would not know', () => {
  const { own, annotations, podAnnotations } = of({});
  assert.deepEqual([own, annotations, podAnnotations(1)], [false, {}, {}]);
});

test('a forensic sandbox with a sinkhole; each copy has a file of its own', () => {
  const options = { sandbox: 'forensic', sinkhole: true, pcap: '/tmp/a.b.pcap' };
  assert.deepEqual(of(options).podAnnotations(1), {
    'io.stillframe.sandbox': 'forensic',
    'io.stillframe.sandbox/sinkhole': 'true',
    'io.stillframe.sandbox/pcap': '/tmp/a.b.pcap',
  });
  assert.equal(of(options, 2).podAnnotations(2)['io.stillframe.sandbox/pcap'], '/tmp/a.b-2.pcap');
  assert.ok(of(options).own);
});

test('what is to be changed in the copy', () => {
  const { own, annotations } = of({ scrubTokens: true, setEnv: ['A=b=c', 'E='] });
  assert.ok(own);
  assert.deepEqual(annotations, {
    'io.stillframe.restore/scrub-tokens': 'true',
    'io.stillframe.restore/set-env': '{"A":"b=c","E":""}',
  });
});

test('options that contradict each other are usage errors', () => {
  const wrong: Partial<WishOptions>[] = [
    { sandbox: 'strict' },
    { sandbox: 'forensic', network: 'host' },
    { sinkhole: true },
    { pcap: 'x' },
    { sandbox: 'forensic', pcap: 'x' },
    { setEnv: ['=x'] },
    { setEnv: ['x'] },
  ];
  for (const options of wrong) assert.throws(() => of(options), { code: 'ERR_USAGE_ARGUMENT' });
});

test('people see what is not as in the original', () => {
  const copy = { address: 'default/a/b', containerID: '0123456789abcdef', logPath: '/l' };
  assert.equal(linesOf(copy), 'default/a/b  0123456789abc  log /l\n');
  assert.equal(
    linesOf({ ...copy, altered: ['x'], clamped: ['y'], pcap: '/p' }),
    'default/a/b  0123456789abc  log /l\n  packets  /p\n  ALTERED  x\n  clamped  y\n',
  );
});
