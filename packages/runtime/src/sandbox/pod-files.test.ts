import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, resolvConf } from './pod-files.ts';

test('DNS settings become resolv.conf(5); none at all leave the host’s', () => {
  const dns = { servers: ['10.0.0.10', 'fd00::a'], searches: ['a.svc', 'svc'], options: ['ndots:5'] };
  assert.equal(resolvConf(dns), 'search a.svc svc\nnameserver 10.0.0.10\nnameserver fd00::a\noptions ndots:5\n');
  assert.equal(resolvConf({ servers: [], searches: [], options: [] }), undefined);
});

test('a word cannot smuggle in a line', () => {
  for (const wrong of ['a b', 'a\nnameserver 6.6.6.6', '', 'ä']) {
    const searches = { servers: [], searches: [wrong], options: [] };
    assert.throws(() => resolvConf(searches), { code: 'ERR_SANDBOX_INVALID' });
  }
  assert.throws(() => resolvConf({ servers: ['dns.example'], searches: [], options: [] }), /is no IP address/);
});

test('a pod finds itself by name, with or without a network', () => {
  assert.match(hostsFile('web', ['10.1.2.3']), /^10\.1\.2\.3\tweb$/m);
  assert.match(hostsFile('web', []), /^127\.0\.0\.1\tweb$/m);
});
