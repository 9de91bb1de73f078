/** Every kind of image that CRIU can write here: decoded, encoded to the same bytes, and equal to crit 4.2 as JSON. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesSource, readAll, sliceSource } from '@stillframe/core';
import {
  decodeImage,
  encodeImage,
  type FramedKind,
  type ImageSet,
  type KindName,
  kindOfFile,
  kinds,
  openImageSet,
} from '@stillframe/criu-image';
import { exploreImages, explorers, imageFromJson, imageToJson } from '@stillframe/criu-image/crit';
import { fd_typesSchema } from '@stillframe/criu-image/proto';
import { execute } from '@stillframe/demo/stage';
import { findPeer, leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { type Corpus, corpusValue, dumpCorpus } from './corpus.ts';
import { assertOpenFiles, assertSockets } from './corpus-files.ts';
import { ADDRESS, dumpNetwork } from './corpus-network.ts';
import { assertNetwork, assertSurroundings } from './corpus-surroundings.ts';
import { assertTasks } from './corpus-tasks.ts';

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
  let sets: { folder: string; files: Map<string, Uint8Array>; images: ImageSet }[];
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
    for (const { images, files } of sets) {
      await images.check();
      assert.deepEqual(images.diagnostics.list, []);
      for (const [name, kind, bytes] of framed(files)) {
        const entries = decodeImage(kind, bytesSource(bytes), (fault) => assert.fail(`${name}: ${fault.message}`));
        assert.deepEqual(Buffer.concat(await Array.fromAsync(encodeImage(kind, entries))), Buffer.from(bytes), name);
      }
    }
  });

  test('is the JSON of crit, and that JSON is the image again', async () => {
    for (const { folder: place, files } of sets) {
      for (const [name, kind, bytes] of framed(files)) {
        const pretty = await json(bytes, { pretty: true });
        assert.equal(`${pretty}\n`, await crit('decode', '--pretty', '-i', join(place, name)), name);
        const exact = await json(bytes, { exact: true });
        assert.deepEqual(Buffer.concat(await Array.fromAsync(imageFromJson(exact))), Buffer.from(bytes), name);
        if (kind.payload === undefined && kind.members === undefined) continue;
        const plain = `${await json(bytes, {})}\n`;
        assert.equal(plain, await crit('decode', '-i', join(place, name)), name);
        const sizes = `${await json(bytes, { pretty: true, withoutPayloads: true })}\n`;
        assert.equal(sizes, await crit('show', '--nopl', join(place, name)), name);
      }
    }
  });

  test('is listed as crit lists it, which ends at the first zombie', async () => {
    for (const { folder: place, images } of sets) {
      for (const what of explorers) {
        const ours = (await Array.fromAsync(exploreImages(images, what))).map((line) => `${line}\n`).join('');
        const theirs = await crit('x', place, what);
        assert.ok(theirs.length > 0 && ours.startsWith(theirs), `${what}:\n${ours}\n${theirs}`);
        assert.match(ours.slice(theirs.length), /^(\d+\n)?$/, 'a zombie has nothing but its pid');
      }
    }
  });

  test('has its open files and sockets joined: ends, queues, locks and watches at the fds that have them', async () => {
    const images = sets[0]?.images ?? assert.fail();
    await assertOpenFiles(images);
    await assertSockets(images);
  });

  test('holds what the program has written, each where it belongs', async () => {
    const [container, network] = sets;
    assert.ok(container && network);
    const holds = (pattern: RegExp, value: string) => {
      const found = [...container.files].filter(
        ([name, bytes]) => pattern.test(name) && Buffer.from(bytes).includes(value),
      );
      assert.ok(found.length > 0, `${value} in ${pattern}`);
    };
    holds(/^pipes-data/, corpusValue('pipe'));
    holds(/^fifo-data/, corpusValue('fifo'));
    holds(/^ghost-file/, corpusValue('ghost'));
    holds(/^ghost-file/, corpusValue('ghost-chunk'));
    holds(/^sk-queues/, corpusValue('unix-stream'));
    holds(/^sk-queues/, corpusValue('in-flight'));
    holds(/^tty-data/, corpusValue('terminal'));
    holds(/^ipcns-msg/, corpusValue('sysv-message-2'));
    for (const thing of ['memfd', 'shared-mapping', 'sysv-shm']) holds(/^pages-/, corpusValue(thing));
    const queues = await Promise.all(container.images.ids('tcp-stream').map((id) => queuesOf(container.images, id)));
    assert.ok(queues.some(({ received }) => received === corpusValue('tcp-to-client')));
    assert.ok(queues.some(({ received }) => received.startsWith(corpusValue('tcp-to-server'))));
    assert.ok(queues.some(({ sent }) => sent.includes(corpusValue('tcp-to-server'))));
    const octets = Buffer.from(ADDRESS.split('.').map(Number));
    assert.ok(
      [...network.files].some(([name, bytes]) => name.startsWith('ifaddr') && Buffer.from(bytes).includes(octets)),
    );
  });

  test('tells rights, signals, timers and filters at the process that has them', () =>
    assertTasks(sets[0]?.images ?? assert.fail()));

  test('tells of the container’s surroundings what the program has made', () => assertSurroundings(corpus.images));

  test('tells of a network what ip and the firewall were told', () => assertNetwork(sets[1]?.folder ?? ''));
});

async function openSet(folder: string) {
  const names = (await readdir(folder)).filter((name) => kindOfFile(name));
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, new Uint8Array(await readFile(join(folder, name))));
  const open = (name: string) => {
    const bytes = files.get(name);
    return bytes && bytesSource(bytes);
  };
  return { folder, files, images: openImageSet({ names: () => files.keys(), open }) };
}

function* framed(files: ReadonlyMap<string, Uint8Array>): Generator<[string, FramedKind, Uint8Array]> {
  for (const [name, bytes] of files) {
    const kind = kindOfFile(name)?.kind;
    if (kind?.form === 'framed') yield [name, kind, bytes];
  }
}

async function json(bytes: Uint8Array, options: Parameters<typeof imageToJson>[2]): Promise<string> {
  const report = (fault: { message: string }) => assert.fail(fault.message);
  return (await Array.fromAsync(imageToJson(bytesSource(bytes), report, { exact: false, ...options }))).join('');
}

/** What crit prints, also where it then fails. */
async function crit(...args: string[]): Promise<string> {
  const script = '"$@" 2>/dev/null || true';
  return (await execute(['sh', '-c', script, 'crit', findPeer('crit') ?? '', ...args])).stdout;
}

async function queuesOf(images: ImageSet, id: number): Promise<{ received: string; sent: string }> {
  for await (const { payload } of images.records('tcp-stream', id)) {
    const text = async (name: string) => {
      const source = payload[name] ?? assert.fail();
      const head = sliceSource(source, 0, Math.min(source.size, 1 << 20));
      return Buffer.from(await readAll(head, { limit: 1 << 20 })).toString('latin1');
    };
    return { received: await text('received'), sent: await text('sent') };
  }
  return assert.fail('a TCP stream has an entry');
}
