/** Every kind of image that CRIU can write here: decoded, encoded to the same bytes, and equal to crit 4.2 as JSON. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  compareEnvironment,
  openCheckpoint,
  readCgroups,
  readEnvironment,
  readIpc,
  readKernelNamespaces,
  readMounts,
  readNetwork,
  readSeccompFilters,
  readTasks,
  type Task,
} from '@stillframe/checkpoint';
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
import { core_entry_march, fd_typesSchema } from '@stillframe/criu-image/proto';
import { execute } from '@stillframe/demo/stage';
import { findPeer, leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { type Corpus, corpusValue, dumpCorpus } from './corpus.ts';
import { assertOpenFiles, assertSockets } from './corpus-files.ts';
import { ADDRESS, dumpNetwork, GATEWAY, MAC } from './corpus-network.ts';

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

  test('tells rights, signals, timers and filters at the process that has them', async () => {
    const images = sets[0]?.images ?? assert.fail();
    const tasks = await Array.fromAsync(readTasks(images, { dumpable: true }));
    const named = (name: string) => tasks.find((task) => task.name === name) ?? assert.fail(name);
    const main = told(named('corpus-main'));
    assert.deepEqual(
      main.facts.pending.map(({ signal, code, sender }) => [signal, code, sender?.pid]),
      [['SIGUSR1', 'SI_USER', 1]],
    );
    assert.deepEqual(main.thread.blocked, ['SIGUSR1', 'SIGUSR2', 'SIGRT2']);
    const [interval] = main.facts.timers?.interval ?? [];
    assert.deepEqual([interval?.timer, interval?.interval], ['real', 900_000_000_000n]);
    const [posix] = main.facts.timers?.posix ?? [];
    assert.deepEqual([posix?.clock, posix?.notify, posix?.signalNumber], ['CLOCK_MONOTONIC', 'SIGEV_SIGNAL', 12]);
    assert.equal(posix?.value, 0x5eedn);
    const threads = named('corpus-main').threads.map(({ name }) => name);
    assert.deepEqual(threads, ['corpus-main', 'corpus-thread-1', 'corpus-thread-2']);
    const dead = tasks.find(({ state }) => state === 'dead');
    assert.deepEqual(dead?.exit, { how: 'exited', code: 3 });
    const session = named('corpus-session');
    assert.deepEqual([session.terminal?.name, session.terminal?.foreground], ['pts/0', session.pgid]);
    const capabilities = main.thread.credentials?.capabilities.effective.names ?? [];
    assert.ok(capabilities.includes('CAP_SYS_ADMIN') && !capabilities.includes('CAP_SYS_PTRACE'));

    const rights = named('corpus-rights');
    const { facts, thread } = told(rights);
    assert.deepEqual(thread.credentials?.groups, [10, 20]);
    assert.equal(thread.credentials?.noNewPrivileges, true);
    assert.equal(thread.schedule.nice, 5);
    assert.equal(thread.parentDeathSignal, 'SIGHUP');
    assert.equal(facts.childSubreaper, true);
    const files = facts.limits?.find(({ resource }) => resource === 'RLIMIT_NOFILE');
    assert.deepEqual([files?.soft, files?.hard], [512n, 1024n]);
    const actions = new Map(facts.signalActions?.map((action) => [action.signal, action]));
    const usr2 = actions.get('SIGUSR2');
    assert.equal(usr2?.action, 'handled');
    assert.ok(usr2.flags.names.includes('SA_RESTART'));
    assert.deepEqual(usr2.mask, ['SIGHUP', 'SIGTERM']);
    assert.equal(actions.get('SIGTTIN')?.action, 'ignored');
    assert.deepEqual(
      thread.pending.map(({ signal, code, sender }) => [signal, code, sender?.pid]),
      [['SIGUSR1', 'SI_TKILL', rights.pid]],
    );

    const machine = process.arch === 'arm64' ? core_entry_march.AARCH64 : core_entry_march.X86_64;
    const filters = await readSeccompFilters(images, machine);
    const chain = filters.chain(thread.seccomp.filter ?? assert.fail());
    assert.equal(chain.length, 2, 'its own filter before that of the container');
    assert.deepEqual(
      filters.disassemble(chain[0] ?? -1).map(({ comment }) => comment),
      ['call', 'kexec_file_load', 'ERRNO(7)', 'ALLOW'],
    );
    const answers = new Map(filters.verdicts(chain)?.actions.map(({ action, calls }) => [action, calls]));
    assert.deepEqual(answers.get('ERRNO(7)'), ['kexec_file_load']);
    assert.deepEqual(answers.get('ERRNO(EPERM)'), ['kexec_load']);

    const { variables } = compareEnvironment(await readEnvironment(images, rights.pid), [
      `CORPUS=${corpusValue('environment')}`,
    ]);
    // What the program deleted since stands in the texts of its start; perl keeps its own vector on its heap.
    const found = variables.find(({ name }) => name === 'CORPUS');
    assert.deepEqual([found?.text, found?.declared], [`CORPUS=${corpusValue('environment')}`, 'same']);
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

/** Facts of a process and of its main thread. */
function told({ facts, threads: [thread] }: Task) {
  assert.ok(facts.state === 'present' && thread?.facts.state === 'present');
  return { facts, thread: thread.facts };
}

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
