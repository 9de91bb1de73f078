import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { parseConfig } from './config.ts';

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
`,
    'node.yaml',
  );
  assert.deepEqual(config.images?.mirrors, [{ prefix: '*', location: '127.0.0.1:5000', fallback: false }]);
  assert.equal(config.criu?.networkLock, 'skip');
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
