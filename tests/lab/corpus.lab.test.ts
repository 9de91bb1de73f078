/** Every kind of image that CRIU can write here: decoded, encoded to the same bytes, and equal to crit 4.2 as JSON. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type KindName, kindOfFile, kinds } from '@stillframe/criu-image';
import { fd_typesSchema } from '@stillframe/criu-image/proto';
import { leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { type Corpus, dumpCorpus } from './corpus.ts';
import { assertOpenFiles, assertSockets } from './corpus-files.ts';
import { dumpNetwork } from './corpus-network.ts';
import { assertNetwork, assertSurroundings } from './corpus-surroundings.ts';
import { assertTasks } from './corpus-tasks.ts';
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
      'let a program of the corpus make one (tests/lab/programs/corpus.pl), or say in NOT_MADE why none can',
    );
    assert.ok(EITHER.some((name) => counts.has(name)));
    const crafted = new Set((await readdir(CRAFTED)).map((name) => kindOfFile(name)?.kind.name));
    for (const name of Object.keys(NOT_MADE))
      assert.ok(crafted.has(name as KindName), `${name}: lay an image of it into ${CRAFTED}`);
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

  test('tells rights, signals, timers and filters at the process that has them', () =>
    assertTasks(sets[0]?.images ?? assert.fail()));

  test('tells of the container’s surroundings what the program has made', () => assertSurroundings(corpus.images));

  test('tells of a network what ip and the firewall were told', () => assertNetwork(sets[1]?.folder ?? ''));
});
