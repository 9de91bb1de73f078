import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tables } from '../analysers/index.ts';
import { changeRow, said, saidOfTexts, textRow } from './changes.fixture.ts';
import { clientConfigWritten, firewallRedirect, hostsChanged, resolverChanged } from './names-changed.ts';

test('a name of the Internet that leads elsewhere is told, worse where it keeps updates away', () => {
  assert.deepEqual(saidOfTexts(hostsChanged, textRow('/etc/hosts', '203.0.113.9 login.bank.com\n')), [
    'low rootfs/etc/hosts',
  ]);
  assert.deepEqual(saidOfTexts(hostsChanged, textRow('/etc/hosts', '0.0.0.0 security.ubuntu.com\n')), [
    'medium rootfs/etc/hosts',
  ]);
  assert.deepEqual(saidOfTexts(hostsChanged, textRow('/etc/hosts', '10.0.0.3 db.shop.com\n')), [
    'info rootfs/etc/hosts',
  ]);
});

test('the hosts of every container are not, nor one that a runtime mounts over', () => {
  const ordinary = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n10.0.0.2\tweb-0.web.svc.cluster.local web-0\n';
  assert.deepEqual(saidOfTexts(hostsChanged, textRow('/etc/hosts', ordinary)), []);
  const texts = [textRow('/etc/hosts', '203.0.113.9 login.bank.com\n')];
  assert.deepEqual(said(hostsChanged, { texts, changes: [changeRow('/etc/hosts', { flags: ['mountpoint'] })] }), []);
});

test('another name server is told, one of one’s own network is a note', () => {
  assert.deepEqual(saidOfTexts(resolverChanged, textRow('/etc/resolv.conf', 'nameserver 203.0.113.5\n')), [
    'low rootfs/etc/resolv.conf',
  ]);
  assert.deepEqual(saidOfTexts(resolverChanged, textRow('/etc/resolv.conf', 'nameserver 10.96.0.10\n')), [
    'info rootfs/etc/resolv.conf',
  ]);
  assert.deepEqual(saidOfTexts(resolverChanged, textRow('/etc/resolv.conf', 'search x\n')), []);
});

test('a rule that leads packets elsewhere is told, that of a service mesh is a note', () => {
  const network = (rules: string) =>
    [{ id: 10, firewall: [{ tool: 'iptables', rules, cut: false }] }] as unknown as Tables['networks'];
  assert.deepEqual(
    said(firewallRedirect, { networks: network('*nat\n-A OUTPUT -p tcp --dport 443 -j REDIRECT --to-ports 8443\n') }),
    ['medium image/iptables-10.img'],
  );
  assert.deepEqual(
    said(firewallRedirect, { networks: network('-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001\n') }),
    ['info image/iptables-10.img'],
  );
  assert.deepEqual(said(firewallRedirect, { networks: network('*filter\n-A INPUT -j ACCEPT\n') }), []);
});

test('credentials of a registry are a note, a configuration without any is not', () => {
  const path = '/root/.docker/config.json';
  assert.deepEqual(saidOfTexts(clientConfigWritten, textRow(path, '{"auths":{"r.example":{"auth":"eDp5"}}}')), [
    `info rootfs${path}`,
  ]);
  assert.deepEqual(saidOfTexts(clientConfigWritten, textRow(path, '{"proxies":{}}')), []);
});
