/** Every kind of image that CRIU can write here: decoded, encoded to the same bytes, and equal to crit 4.2 as JSON. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  openCheckpoint,
  readCgroups,
  readIpc,
  readKernelNamespaces,
  readMounts,
  readNetwork,
} from '@stillframe/checkpoint';
import { type KindName, kindOfFile, kinds } from '@stillframe/criu-image';
import { fd_typesSchema } from '@stillframe/criu-image/proto';
import { leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { type Corpus, corpusValue, dumpCorpus } from './corpus.ts';
import { assertOpenFiles, assertSockets } from './corpus-files.ts';
import { ADDRESS, dumpNetwork, GATEWAY, MAC } from './corpus-network.ts';
import { describeValues } from './corpus-values.ts';
import { demandJsonOfCrit, demandListsOfCrit, demandRoundTrip, type OpenedSet, openSet } from './image-equality.ts';

/** Kinds that CRIU 4.2 writes and this corpus does not make: each is in criu-image/fixtures/crafted. */
const NOT_MADE: Readonly<Partial<Record<KindName, string>>> = {
  userns: 'runc’s containers of this corpus have no user namespace',
  pidns: 'written only where the pid namespace is somebody else’s, as in a pod; the fixtures have one',
  apparmor: 'needs a kernel with AppArmor',
  autofs: 'needs an automount daemon inside',
  'binfmt-misc': 'needs binfmt_misc mounted inside and registered',
  'bpfmap-data': 'needs CAP_BPF and maps of a BPF program',
  cpuinfo: 'written by `criu cpuinfo dump`, and by a dump that is told to record the processor',
  'irmap-cache': 'written by a pre-dump with inotify watches on a filesystem without file handles',
  'netns-ct': 'needs a tracked connection through the firewall of the namespace',
  'netns-exp': 'needs an expected connection, such as the data channel of FTP',
  'stats-restore': 'written by a restore',
};
/** Images of those kinds. */
const CRAFTED = join(import.meta.dirname, '../../packages/criu-image/fixtures/crafted');
/** These are there on a machine whose firewall is nftables, or whose is iptables. */
const EITHER: readonly KindName[] = ['nftables', 'iptables', 'ip6tables'];

const { skip } = needs('checkpoint', 'crit', 'perl');

describe('a corpus of everything', { skip }, () => {
  let folder: string;
  let corpus: Corpus;
  let sets: OpenedSet[];
  before(async () => {
    const census = await takeCensus();
    folder = await mkdtemp('/var/tmp/stillframe-corpus-');
    for (const name of ['container', 'network']) await mkdir(join(folder, name));
    corpus = await dumpCorpus(join(folder, 'container'));
    sets = [await openSet(corpus.images), await openSet(await dumpNetwork(join(folder, 'network')))];
    assert.deepEqual(await leftBehind(census, basename(folder)), [], 'something was left behind');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('has every kind but those that are known to be missing, of which each has a crafted image', async (t) => {
    const counts = new Map<KindName, number>();
    for (const { images } of sets) {
      for (const { kind } of images.images) counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1);
    }
    for (const [name, count] of counts) t.diagnostic(`${name}: ${count}`);
    for (const line of corpus.refused) t.diagnostic(`this machine refused ${line}`);
    const missing = kinds.filter(({ legacy, name }) => !legacy && !counts.has(name)).map(({ name }) => name);
    for (const name of missing) t.diagnostic(`${name}: none, ${NOT_MADE[name] ?? 'see EITHER'}`);
    assert.deepEqual(
      missing.filter((name) => NOT_MADE[name] === undefined && !EITHER.includes(name)),
      [],
    );
    assert.ok(EITHER.some((name) => counts.has(name)));
    const crafted = new Set((await readdir(CRAFTED)).map((name) => kindOfFile(name)?.kind.name));
    for (const name of Object.keys(NOT_MADE)) assert.ok(crafted.has(name as KindName), name);
  });

  test('has open files of every type but those that are known to be missing', async (t) => {
    const types = new Map<string, number>();
    for (const { images } of sets) {
      for await (const { type } of images.entries('files')) {
        const name = fd_typesSchema.value[type]?.name ?? String(type);
        types.set(name, (types.get(name) ?? 0) + 1);
      }
    }
    for (const [type, count] of types) t.diagnostic(`${type}: ${count}`);
    // No file at all; a TUN device that this container has not; files of plugins; maps of BPF; two that CRIU only reads.
    const missing = ['UND', 'TUNF', 'EXT', 'BPFMAP', 'CTL_TTY', 'AUTOFS_PIPE'];
    const all = fd_typesSchema.values.map(({ name }) => name);
    assert.deepEqual(
      all.filter((name) => !types.has(name) && !missing.includes(name)),
      [],
    );
  });

  test('is decoded without a fault, and encoded to the bytes that CRIU wrote', async () => {
    for (const set of sets) await demandRoundTrip(set);
  });

  test('is the JSON of crit, and that JSON is the image again', async () => {
    for (const set of sets) await demandJsonOfCrit(set);
  });

  test('is listed as crit lists it, which ends at the first zombie', async () => {
    for (const set of sets) await demandListsOfCrit(set);
  });

  test('has its open files and sockets joined: ends, queues, locks and watches at the fds that have them', async () => {
    const images = sets[0]?.images ?? assert.fail();
    await assertOpenFiles(images);
    await assertSockets(images);
  });

  for (const shape of ['a folder of images', 'an archive'] as const) {
    describeValues(
      shape,
      () => folder,
      () => corpus,
    );
  }

  test('tells of the container’s surroundings what the program has made', async () => {
    const { namespaces, ipc, mounts, cgroups, faults } = await surroundingsOf(corpus.images);
    const [segment] = ipc?.segments ?? [];
    assert.deepEqual(
      [segment?.key, segment?.bytes, segment?.attached.some(({ pid }) => pid === 1)],
      [0xc0, 8192n, true],
    );
    assert.deepEqual([ipc?.semaphores[0]?.key, ipc?.semaphores[0]?.values], [0xc1, [11, 22, 33]]);
    assert.deepEqual(
      ipc?.queues[0]?.messages.map(({ type, content }) => [type, Buffer.from(content).toString()]),
      [1, 2].map((number) => [7n, corpusValue(`sysv-message-${number}`)]),
    );
    const own = namespaces.filter(({ ofDumper }) => ofDumper === false).map(({ nsKind }) => nsKind);
    assert.ok(['pid', 'net', 'ipc', 'uts', 'mnt'].every((kind) => own.some((each) => each === kind)));
    assert.equal(namespaces.find(({ nsKind }) => nsKind === 'uts')?.uts?.nodeName, 'corpus');
    const shm = mounts.find(({ mountpoint }) => mountpoint === '/dev/shm');
    assert.deepEqual([shm?.type, shm?.role], ['tmpfs', 'filesystem']);
    assert.ok(shm?.flagNames.includes('noexec') && (shm.content?.bytes ?? 0) > 0);
    const set = cgroups.sets.find(({ pids }) => pids.includes(1));
    assert.ok(set && !set.ofDumper && set.members.some(({ path }) => /^\/corpus-/.test(path)));
    assert.deepEqual(faults, []);
  });

  test('tells of a network what ip and the firewall were told', async () => {
    const { network, faults } = await surroundingsOf(sets[1]?.folder ?? '');
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
    assert.deepEqual(faults, []);
  });
});

async function surroundingsOf(folder: string) {
  await using checkpoint = await openCheckpoint(folder);
  const { images } = checkpoint;
  const namespaces = await readKernelNamespaces(images);
  const [ipc] = await readIpc(images, { namespaces });
  return {
    namespaces,
    ipc,
    network: (await readNetwork(images, { namespaces })).find(({ state }) => state === 'captured'),
    mounts: await readMounts(images),
    cgroups: await readCgroups(images),
    faults: checkpoint.diagnostics(),
  };
}
