/** That every planted thing is in the checkpoint where the truth says, asked of the views of @stillframe/checkpoint. */
import assert from 'node:assert/strict';
import {
  type Checkpoint,
  type FileTarget,
  ghostImage,
  type MapRow,
  type OpenFiles,
  openMappedFiles,
  openRootfsDiff,
  type Process,
  type RootfsChange,
  type RootfsTree,
  readChanges,
  readCommandLine,
  readMaps,
  readOpenFiles,
  readProcesses,
  readRegisters,
  readSockets,
  type Socket,
} from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { type AddressSpace, openAddressSpace } from '@stillframe/criu-image';
import { scanMemory, textPattern } from '@stillframe/forensics';
import { type PlantedText, type Truth, textOf } from './truth.ts';

/** A checkpoint with its views, read once for all demands. */
export interface Read {
  readonly checkpoint: Checkpoint;
  readonly processes: readonly Process[];
  readonly open: OpenFiles;
  readonly sockets: readonly Socket[];
  /** Layers of the container's image; undefined where it is not at hand. */
  readonly image: readonly RootfsTree[] | undefined;
}

/** Reads the views. */
export async function readViews(checkpoint: Checkpoint, image?: readonly RootfsTree[]): Promise<Read> {
  const processes = await readProcesses(checkpoint.images);
  const open = await readOpenFiles(checkpoint.images, processes);
  return { checkpoint, processes, open, image, sockets: await Array.fromAsync(readSockets(checkpoint.images, open)) };
}

function processOf({ processes }: Read, pid: number): Process {
  return processes.find((each) => each.pid === pid) ?? assert.fail(`no process ${pid}`);
}

function targetOf({ open }: Read, pid: number, fd: number | 'exe' | 'cwd'): FileTarget {
  const held = open.descriptors.find((each) => each.pid === pid && each.fd === fd);
  return open.files.target(held?.fileId ?? assert.fail(`process ${pid} has no ${fd}`));
}

function fileOf(read: Read, pid: number, fd: number | 'exe' | 'cwd') {
  const target = targetOf(read, pid, fd);
  assert.ok(target.type === 'file', `${fd} of process ${pid} is a ${target.type}`);
  return target;
}

function socketAt({ open, sockets }: Read, pid: number, fd: number): Socket {
  const fileId = open.at(pid, fd)?.fileId;
  return sockets.find((each) => each.fileId === fileId) ?? assert.fail(`fd ${fd} of process ${pid} is no socket`);
}

async function argumentsOf({ checkpoint }: Read, pid: number): Promise<readonly string[]> {
  const { arguments: given } = await readCommandLine(checkpoint.images, pid);
  return given.state === 'present' ? given.values : assert.fail(`${pid}: ${given.reason}`);
}

async function spaceOf({ checkpoint }: Read, pid: number): Promise<AddressSpace> {
  return (await openAddressSpace(checkpoint.images, pid)) ?? assert.fail(`process ${pid} has no memory`);
}

/** Bytes of captured memory in base 16. */
async function memoryAt(space: AddressSpace, address: string, bytes: number): Promise<string> {
  const target = new Uint8Array(bytes);
  const ranges = await space.read(BigInt(address), target);
  assert.ok(
    ranges.every(({ state }) => state === 'captured'),
    `${address}: ${ranges.map(({ state }) => state)}`,
  );
  return Buffer.from(target).toString('hex');
}

async function mapAt(read: Read, space: AddressSpace, address: string): Promise<MapRow> {
  const at = BigInt(address);
  const rows = await readMaps(space, read.open.files);
  return rows.find(({ start, end }) => at >= start && at < end) ?? assert.fail(`nothing is mapped at ${address}`);
}

async function demandFound(read: Read, text: string, pid: number, address: string): Promise<void> {
  const found = await Array.fromAsync(scanMemory(read.checkpoint, [textPattern(text)], { filter: { pids: [pid] } }));
  assert.ok(
    found.some(({ vaddr }) => vaddr === BigInt(address)),
    `${text.slice(0, 8)}… at ${address} of process ${pid}`,
  );
}

/** Processes that are not what they seem, or that were started in a way that tells. */
export async function demandProcesses(read: Read, truth: Truth): Promise<void> {
  const { memfd, deletedExecutable, kernelThread, preload, miner, obfuscated } = truth;
  const exe = targetOf(read, memfd.pid, 'exe');
  assert.equal(exe.type === 'memfd' && exe.name, memfd.name);
  assert.deepEqual(await argumentsOf(read, memfd.pid), [memfd.argument]);
  const gone = fileOf(read, deletedExecutable.pid, 'exe');
  assert.deepEqual([gone.path, gone.deleted, gone.kept?.how], [deletedExecutable.path, true, 'ghost']);
  assert.equal(processOf(read, kernelThread.pid).comm, kernelThread.name);
  assert.deepEqual(await argumentsOf(read, kernelThread.pid), [kernelThread.argument]);
  assert.equal(fileOf(read, kernelThread.pid, 'exe').path, kernelThread.executable);
  assert.deepEqual(await argumentsOf(read, miner.pid), miner.arguments);
  assert.equal(fileOf(read, miner.pid, 'exe').path, miner.executable);
  await demandFound(read, miner.text, miner.pid, hex(BigInt(miner.address) + BigInt('{"algo": "rx/0", '.length)));
  assert.deepEqual(await argumentsOf(read, obfuscated.pid), ['sh', '-c', obfuscated.command]);
  assert.equal(
    Buffer.from(obfuscated.command.split(' ')[1] ?? '', 'base64')
      .toString()
      .trim(),
    obfuscated.script,
  );
  assert.equal(fileOf(read, preload.pid, 'exe').path, preload.executable);
  const { environment } = await readCommandLine(read.checkpoint.images, preload.pid);
  assert.ok(environment.state === 'present' && environment.values.includes(`LD_PRELOAD=${preload.library}`));
  const rows = await readMaps(await spaceOf(read, preload.pid), read.open.files);
  assert.ok(
    rows.some(({ backing, prot }) => backing === preload.library && prot === 5),
    'its code is mapped',
  );
}

/** What is open without a name, and what talks or listens. */
export async function demandOpenFiles(read: Read, truth: Truth): Promise<void> {
  for (const { pid, fd, path, text } of truth.deletedFiles) {
    const { path: was, deleted, kept } = fileOf(read, pid, fd);
    assert.deepEqual([was, deleted], [path, true]);
    assert.ok(kept?.how === 'ghost' && kept.present);
    const bytes = await readAll(read.checkpoint.archive.open(`checkpoint/${ghostImage(kept.ghostId)}`), {
      limit: 1 << 20,
    });
    assert.ok(Buffer.from(bytes).includes(text), path);
  }
  const { reverseShell, listener, sniffer } = truth;
  const [one, ...others] = reverseShell.fds.map((fd) => socketAt(read, reverseShell.pid, fd));
  assert.ok(one && others.every((each) => each === one), 'all of its streams are one socket');
  assert.ok('connection' in one && one.connection && one.state === 'established');
  assert.deepEqual([one.remote, one.peer], [reverseShell.remote, { place: 'outside' }]);
  assert.equal(fileOf(read, reverseShell.pid, 'cwd').path, reverseShell.folder);
  const waiting = socketAt(read, listener.pid, listener.fd);
  assert.deepEqual('local' in waiting && [waiting.state, waiting.local.port], ['listen', listener.port]);
  const packet = socketAt(read, sniffer.pid, sniffer.packetFd);
  assert.deepEqual([packet.family, packet.type], ['packet', 'raw']);
  const raw = socketAt(read, sniffer.pid, sniffer.rawFd);
  assert.deepEqual([raw.family, raw.type], ['ipv4', 'raw']);
}

/** Code that is in no file, or is not what the file has. */
export async function demandCode(read: Read, truth: Truth): Promise<void> {
  for (const { pid, address, bytes, prot, running } of truth.injected) {
    const space = await spaceOf(read, pid);
    const row = await mapAt(read, space, address);
    assert.deepEqual([row.backing, row.prot, row.shared, row.anonymousCode], ['anonymous', prot, false, true]);
    assert.equal(await memoryAt(space, address, bytes.length / 2), bytes);
    if (!running) continue;
    const at = (await readRegisters(read.checkpoint.images, pid))?.instructionPointer ?? 0n;
    assert.ok(at >= BigInt(address) && at < BigInt(address) + BigInt(bytes.length / 2), 'it runs there');
  }
  await using mapped = await openMappedFiles(read.checkpoint, { image: read.image });
  for (const { pid, address, path, before, bytes } of truth.patched) {
    const space = await spaceOf(read, pid);
    const row = await mapAt(read, space, address);
    assert.deepEqual([row.backing, row.prot, row.captured > 0n], [path, 5, true]);
    assert.equal(await memoryAt(space, address, bytes.length / 2), bytes);
    assert.notEqual(before, bytes);
    const file = await mapped.open(Number(space.vmaAt(row.start)?.shmid));
    assert.equal(file !== undefined, read.image !== undefined || !path.startsWith('/lib'), `${path} is at hand`);
    if (!file) continue;
    const original = new Uint8Array(before.length / 2);
    await file.source.readInto(Number(BigInt(address) - row.start + row.offset), original);
    assert.equal(Buffer.from(original).toString('hex'), before);
  }
}

/** Content of a file that the container had written. */
async function contentOf(checkpoint: Checkpoint, path: string): Promise<Buffer> {
  await using diff = await openRootfsDiff(checkpoint);
  const source = diff?.entries.has(path.slice(1)) ? diff.open(path.slice(1)) : undefined;
  return Buffer.from(await readAll(source ?? assert.fail(`${path} is not written`), { limit: 1 << 20 }));
}

/** What was done to files. */
export async function demandChanges(read: Read, truth: Truth): Promise<void> {
  const changes = new Map<string, RootfsChange>();
  const { checkpoint, image } = read;
  for await (const change of readChanges(checkpoint, { image })) changes.set(change.path, change);
  for (const { what, path, text, change: expected } of truth.changes) {
    const change = changes.get(path) ?? assert.fail(`${what}: ${path}`);
    assert.equal(change.change, image ? expected : 'written', path);
    assert.equal(change.type, 'file');
    assert.equal(change.flags.includes('setuid'), what === 'setuid-shell');
    if (what === 'truncated-log') assert.equal(change.size, 0);
    if (text !== undefined) assert.ok((await contentOf(read.checkpoint, path)).includes(text), `${path} holds ${text}`);
  }
  for (const { path, ...text } of truth.credentials.files) {
    assert.ok((await contentOf(read.checkpoint, path)).includes(textOf(text)), path);
  }
}

/** Credentials on the heap and in the environment. */
export async function demandCredentials(read: Read, truth: Truth): Promise<void> {
  for (const { pid, address, ...text } of truth.credentials.memory) {
    assert.equal((await mapAt(read, await spaceOf(read, pid), address)).backing, 'heap');
    await demandFound(read, textOf(text), pid, address);
  }
  for (const { pid, variable, ...text } of truth.credentials.environment) {
    const { environment } = await readCommandLine(read.checkpoint.images, pid);
    const values = environment.state === 'present' ? environment.values : [];
    assert.ok(values.includes(`${variable}=${textOf(text)}`), variable);
  }
}

/** That nothing of all that is in the clean sibling. */
export async function demandNothing(read: Read, truth: Truth): Promise<void> {
  const texts: readonly (string | PlantedText)[] = [...truth.credentials.memory, truth.miner.text, 'LD_PRELOAD='];
  for (const each of texts) {
    const text = typeof each === 'string' ? each : textOf(each);
    assert.deepEqual(await Array.fromAsync(scanMemory(read.checkpoint, [textPattern(text)])), [], text.slice(0, 8));
  }
  for await (const { path } of readChanges(read.checkpoint)) {
    assert.ok(
      truth.changes.every((change) => change.path !== path),
      path,
    );
  }
  const listening = read.sockets.flatMap((each) =>
    'local' in each && each.state === 'listen' ? [each.local.port] : [],
  );
  assert.deepEqual(listening, [8080]);
  for (const { pid } of read.processes) {
    const rows = await readMaps(await spaceOf(read, pid), read.open.files);
    assert.ok(
      rows.every(({ anonymousCode }) => !anonymousCode),
      `process ${pid}`,
    );
  }
  assert.deepEqual(read.processes.map(({ comm }) => comm).sort(), ['service', 'sh', 'sleep', 'worker']);
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}
