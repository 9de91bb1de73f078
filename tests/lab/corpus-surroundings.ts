/** What the corpus must tell of the container's surroundings and of its network, read by the code that shows them. */
import assert from 'node:assert/strict';
import {
  openCheckpoint,
  readCgroups,
  readIpc,
  readKernelNamespaces,
  readMounts,
  readNetwork,
} from '@stillframe/checkpoint';
import { corpusValue } from './corpus.ts';
import { ADDRESS, GATEWAY, MAC } from './corpus-network.ts';

/** Holds System V IPC, kernel namespaces, mounts and groups against what the program made. `folder`: the images. */
export async function assertSurroundings(folder: string): Promise<void> {
  await using checkpoint = await openCheckpoint(folder);
  const { images } = checkpoint;
  const namespaces = await readKernelNamespaces(images);
  const [ipc] = await readIpc(images, { namespaces });
  const [segment] = ipc?.segments ?? [];
  assert.deepEqual([segment?.key, segment?.bytes, segment?.attached.some(({ pid }) => pid === 1)], [0xc0, 8192n, true]);
  assert.deepEqual([ipc?.semaphores[0]?.key, ipc?.semaphores[0]?.values], [0xc1, [11, 22, 33]]);
  assert.deepEqual(
    ipc?.queues[0]?.messages.map(({ type, content }) => [type, Buffer.from(content).toString()]),
    [1, 2].map((number) => [7n, corpusValue(`sysv-message-${number}`)]),
  );
  const own = namespaces.filter(({ ofDumper }) => ofDumper === false).map(({ nsKind }) => nsKind);
  assert.ok(['pid', 'net', 'ipc', 'uts', 'mnt'].every((kind) => own.some((each) => each === kind)));
  assert.equal(namespaces.find(({ nsKind }) => nsKind === 'uts')?.uts?.nodeName, 'corpus');
  const shm = (await readMounts(images)).find(({ mountpoint }) => mountpoint === '/dev/shm');
  assert.deepEqual([shm?.type, shm?.role], ['tmpfs', 'filesystem']);
  assert.ok(shm?.flagNames.includes('noexec') && (shm.content?.bytes ?? 0) > 0);
  const set = (await readCgroups(images)).sets.find(({ pids }) => pids.includes(1));
  assert.ok(set && !set.ofDumper && set.members.some(({ path }) => /^\/corpus-/.test(path)));
  assert.deepEqual(checkpoint.diagnostics(), []);
}

/** Holds devices, addresses, routes, rules and the firewall against what `corpus-network.ts` asked for. */
export async function assertNetwork(folder: string): Promise<void> {
  await using checkpoint = await openCheckpoint(folder);
  const { images } = checkpoint;
  const found = await readNetwork(images, { namespaces: await readKernelNamespaces(images) });
  const network = found.find(({ state }) => state === 'captured');
  const named = (name: string) => network?.devices?.find((device) => device.name === name);
  assert.deepEqual([named('corpus0')?.type, named('corpus0')?.mac, named('corpus0')?.mtu], ['bridge', MAC, 1400]);
  const address = network?.addresses?.find((row) => row.address === ADDRESS);
  assert.deepEqual([address?.prefixLength, address?.interfaceIndex], [24, named('lo')?.index]);
  const route = network?.routes?.find(({ destination }) => destination === '10.77.0.0/16');
  const { gateway, interfaceIndex, metric } = route ?? {};
  assert.deepEqual([gateway, interfaceIndex, metric], [GATEWAY, named('corpus0')?.index, 7]);
  const rule = network?.rules?.find(({ from }) => from === `${ADDRESS}/32`);
  assert.deepEqual([rule?.action, rule?.table], ['table', '100']);
  assert.ok(network?.firewall.some(({ rules }) => rules.includes(ADDRESS)));
  assert.deepEqual(checkpoint.diagnostics(), []);
}
