import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { corpusImages, imagesOf } from '../corpus.fixture.ts';
import { attribute, little, message } from './netlink.fixture.ts';
import { readNetwork } from './network.ts';

test('what ip and CRIU wrote of a real namespace is read', async () => {
  const images = corpusImages();
  const network = (await readNetwork(images, { namespaces: [] })).find(({ id }) => id === 9);
  assert.deepEqual(
    network?.addresses?.map(({ address, prefixLength, scope }) => `${address}/${prefixLength} ${scope}`),
    ['127.0.0.1/8 host', '10.99.88.77/24 global', '::1/128 host'],
  );
  assert.deepEqual(
    network?.rules?.map(({ priority, from, table }) => `${priority} from ${from} lookup ${table}`),
    [
      '0 from all lookup local',
      '32765 from 10.99.88.77/32 lookup 100',
      '32766 from all lookup main',
      '32767 from all lookup default',
    ],
  );
  assert.deepEqual(
    network?.routes?.map(({ destination, gateway, interfaceIndex, table, protocol, metric, flags }) => [
      ...[destination, gateway, interfaceIndex, table, protocol, metric, flags.join()],
    ]),
    [['10.77.0.0/16', '10.66.0.1', 2, 'main', 'boot', 7, 'onlink,linkdown']],
  );
  assert.deepEqual(
    network?.devices?.map(({ name, type, mtu, flags, mac, peer }) => [name, type, mtu, flags.join(), mac, peer]),
    [
      ['lo', 'loopback', 65536, 'up,loopback,running,lower-up', undefined, undefined],
      ['corpus0', 'bridge', 1400, 'up,broadcast,multicast', '02:00:00:99:88:77', undefined],
    ],
  );
  const sysctl = network?.devices?.[0]?.sysctls.find(({ name }) => name === 'net.ipv6.conf.lo.mtu');
  assert.equal(sysctl?.value, 65536, 'the names stand beside the right values');
  assert.match(
    network?.firewall.find(({ tool }) => tool === 'nftables')?.rules ?? '',
    /ip saddr 10\.99\.88\.77 .* accept/,
  );
  assert.equal(network?.connections, undefined, 'no image, so nothing is known');
  assert.deepEqual(images.diagnostics.list, []);
});

test('an image of another tool is told, and taken for no rows', async () => {
  const images = corpusImages({
    'ifaddr-9.img': Uint8Array.of(1, 2, 3, 4, 5),
    'rule-9.img': Uint8Array.of(9),
  });
  const network = (await readNetwork(images, { namespaces: [] })).find(({ id }) => id === 9);
  assert.deepEqual([network?.addresses, network?.rules], [[], []]);
  assert.deepEqual(
    images.diagnostics.list.map(({ id, source }) => `${id} ${source}`),
    ['image-magic-mismatch ifaddr-9.img', 'image-magic-mismatch rule-9.img'],
  );
});

test('a million messages are read in bounded space, and what is left out is told', async () => {
  const one = message(20, [2, 24, 0, 0, ...little(1)], [attribute(2, [10, 0, 0, 1])]);
  const whole = new Uint8Array(4 + one.length * 1_000_000);
  whole.set([0x22, 0x12, 0x36, 0x47]);
  for (let at = 4; at < whole.length; at += one.length) whole.set(one, at);
  const images = imagesOf({ 'ifaddr-1.img': whole });
  const [network] = await readNetwork(images, { namespaces: [] });
  assert.equal(network?.addresses?.length, 100_000);
  assert.deepEqual(
    images.diagnostics.list.map(({ id, severity }) => `${severity} ${id}`),
    ['error network-rows-limited'],
  );
});

test('a namespace of which there is no image is the host’s, the pod’s, or not captured', async () => {
  const namespace = (id: number, ofDumper: boolean) => ({
    ...{ nsKind: 'net' as const, id, ofDumper, pids: [1], externalKey: undefined, joined: undefined },
    ...{ uts: undefined, userMap: undefined, groupMap: undefined, clocks: undefined },
  });
  const found = await readNetwork(imagesOf({}), { namespaces: [namespace(2, true), namespace(9, false)] });
  assert.deepEqual(
    found.map(({ id, state, devices }) => [id, state, devices]),
    [
      [2, 'of-the-dumper', undefined],
      [9, 'not-captured', undefined],
    ],
  );
});

test('followed and expected connections are read from the crafted images', async () => {
  const crafted = (name: string) =>
    readFileSync(new URL(`../../../criu-image/fixtures/crafted/${name}`, import.meta.url));
  const files = { 'netns-ct-10.img': crafted('netns-ct-10.img'), 'netns-exp-10.img': crafted('netns-exp-10.img') };
  const images = imagesOf(files);
  const [network] = await readNetwork(images, { namespaces: [] });
  const [connection] = network?.connections ?? [];
  assert.deepEqual(connection?.original, {
    ...{ protocol: 'tcp', source: '10.88.0.5', sourcePort: 40000, destination: '10.88.0.1', destinationPort: 443 },
  });
  assert.deepEqual(
    [connection?.reply?.source, connection?.state, connection?.timeout],
    ['10.88.0.1', 'established', 431999],
  );
  const [expected] = network?.expectations ?? [];
  assert.deepEqual([expected?.original.destinationPort, expected?.timeout], [50021, 300]);
  assert.deepEqual(images.diagnostics.list, []);
});
