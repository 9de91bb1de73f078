import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { criuDefaultsOf, parseConfig } from './config.ts';
import { retentionPolicy } from './retention-config.ts';

const fault = (source: string): string => {
  try {
    parseConfig(source, 'node.yaml');
  } catch (error) {
    assert.ok(isCode(error, 'ERR_NODE_CONFIG'));
    return (error as Error).message;
  }
  return assert.fail('the file was taken');
};

test('an empty file and an empty section are configurations', () => {
  assert.deepEqual(parseConfig('', 'node.yaml'), {});
  assert.deepEqual(parseConfig('images:\n', 'node.yaml'), { images: {} });
});

test('a file with every kind of value is read', () => {
  const config = parseConfig(
    `port: 0
images:
  mirrors:
    - { prefix: "*", location: "127.0.0.1:5000", fallback: false }
  pinned: [registry.example/pause*]
criu: { tcpEstablished: false, networkLock: skip }
nri: { enabled: true, socket: /run/nri.sock, registrationTimeout: 9, requestTimeout: 3 }
`,
    'node.yaml',
  );
  assert.deepEqual(config.images?.mirrors, [{ prefix: '*', location: '127.0.0.1:5000', fallback: false }]);
  assert.equal(config.criu?.networkLock, 'skip');
  const times = { registrationTimeout: 9, requestTimeout: 3 };
  assert.deepEqual(config.nri, { enabled: true, socket: '/run/nri.sock', ...times });
});

test('each key of the section criu says what its annotation says, and what is left out says nothing', () => {
  const section = `criu:
  tcpEstablished: false
  tcpClose: true
  skipInFlight: true
  fileLocks: false
  linkRemap: true
  extUnixSk: true
  ghostLimit: 1024
  networkLock: skip
  manageCgroups: full
  leaveRunning: false
  timeout: 30
  rootfs: live
`;
  assert.deepEqual(criuDefaultsOf(parseConfig(section, 'node.yaml')), {
    'io.stillframe.criu/tcp-established': 'false',
    'io.stillframe.criu/tcp-close': 'true',
    'io.stillframe.criu/skip-in-flight': 'true',
    'io.stillframe.criu/file-locks': 'false',
    'io.stillframe.criu/link-remap': 'true',
    'io.stillframe.criu/ext-unix-sk': 'true',
    'io.stillframe.criu/ghost-limit': '1024',
    'io.stillframe.criu/network-lock': 'skip',
    'io.stillframe.criu/manage-cgroups': 'full',
    'io.stillframe.criu/leave-running': 'false',
    'io.stillframe.criu/timeout': '30',
    'io.stillframe.checkpoint/rootfs': 'live',
  });
  assert.deepEqual(criuDefaultsOf(parseConfig('criu: { ghostLimit: 0 }', 'node.yaml')), {
    'io.stillframe.criu/ghost-limit': '0',
  });
  assert.deepEqual(criuDefaultsOf({}), {});
  assert.match(fault('criu: { timeout: 0 }\n'), /criu\.timeout is not a whole number from 1 to 86400/);
});

test('an unknown key is named with its place and with what is known there', () => {
  assert.match(fault('images:\n  mirror: []\n'), /^node\.yaml: images\.mirror is no known key; known here: mirrors, /);
  assert.match(fault('prot: 1\n'), /prot is no known key/);
});

test('a wrong value is named with its place', () => {
  assert.match(fault('port: 70000\n'), /port is not a whole number from 0 to 65535/);
  assert.match(fault('port: "10250"\n'), /port is not a whole number/);
  assert.match(fault('images: { mirrors: [{ prefix: "*" }] }\n'), /images\.mirrors\[0\] lacks location/);
  assert.match(fault('root: here\n'), /root is not an absolute path/);
  assert.match(fault('metrics: { host: 0.0.0.0, port: 1 }\n'), /metrics\.host is none of 127\.0\.0\.1/);
  assert.match(fault('criu: []\n'), /criu is no mapping/);
});

test('what is no YAML, and a key given twice, are faults', () => {
  assert.match(fault('{'), /^node\.yaml: /);
  assert.match(fault('port: 1\nport: 2\n'), /unique/);
});

test('rules of retention are written as the flags of the command are', () => {
  const { retention } = parseConfig(
    `retention:
  pinsCount: false
  rules:
    - { keep: 10, maxAge: 7d }
    - { of: default/web, per: pod, keep: 50 }
    - { per: all, maxTotalSize: 100GiB, maxSize: 4096 }
`,
    'node.yaml',
  );
  assert.deepEqual(retentionPolicy(retention), {
    pinsCount: false,
    rules: [
      { per: 'container', keep: 10, maxAge: 7 * 86_400_000 },
      { per: 'pod', of: ['default', 'web'], keep: 50 },
      { per: 'all', maxTotalSize: 100 * 2 ** 30, maxSize: 4096 },
    ],
  });
  assert.equal(retentionPolicy(parseConfig('retention:\n', 'node.yaml').retention), undefined);
  assert.match(fault('retention: { rules: [{ maxAge: soon }] }'), /retention\.rules\[0\]\.maxAge takes a time such as/);
  assert.match(fault('retention: { rules: [{ of: a//b, keep: 1 }] }'), /retention\.rules\[0\]\.of takes NAMESPACE/);
  assert.match(fault('retention: { rules: [{ per: pod }] }'), /retention\.rules\[0\] limits nothing/);
  assert.match(fault('retention: { rules: [{ keep: 0 }] }'), /keep is not a whole number from 1/);
});
