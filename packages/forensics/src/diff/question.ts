/** Whether something is in a checkpoint, and where: what `first seen` is asked about. */
import {
  type Checkpoint,
  type Endpoint,
  endpointText,
  type OpenFiles,
  type Process,
  type RootfsChange,
  readChanges,
  readOpenFiles,
  readProcesses,
  readSockets,
} from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { openAddressSpace, type SignalOptions } from '@stillframe/criu-image';
import type { EvidenceReference } from '../reference.ts';
import type { Pattern } from '../search/pattern.ts';
import { scanMemory } from '../search/scan-memory.ts';

/** Discriminated by `kind`. Texts are compared as they are. */
export type Question =
  /** In captured memory. */
  | { readonly kind: 'string'; readonly text: string }
  /** Pairs of digits, `??` for any byte. */
  | { readonly kind: 'hex'; readonly digits: string }
  /** A path of the root filesystem that the container changed. */
  | { readonly kind: 'file'; readonly path: string }
  /** A path that a process has open, or executes, or stands in. */
  | { readonly kind: 'open'; readonly path: string }
  /** Either end; `*` or nothing in place of the address for any. */
  | { readonly kind: 'socket'; readonly address: string; readonly port: number }
  /** Name, or path of the executable. */
  | { readonly kind: 'process'; readonly name: string }
  | { readonly kind: 'page'; readonly pid: number; readonly address: bigint };

/** What was found. Of a file and of a page each content is an item of its own. */
export interface Sighting {
  readonly item: string;
  /** The first place. */
  readonly reference: EvidenceReference;
}

/** The question in a few words. */
export function questionText(question: Question): string {
  switch (question.kind) {
    case 'string':
      return `string ${question.text}`;
    case 'hex':
      return `hex ${question.digits}`;
    case 'file':
      return `file ${question.path}`;
    case 'open':
      return `open file ${question.path}`;
    case 'socket':
      return `socket ${question.address}:${question.port}`;
    case 'process':
      return `process ${question.name}`;
    case 'page':
      return `page ${question.pid}:0x${question.address.toString(16)}`;
  }
}

/** What of each question is in `checkpoint`, in the order of the questions. Throws what the readers throw. */
export async function answerIn(
  checkpoint: Checkpoint,
  questions: readonly Question[],
  options: SignalOptions = {},
): Promise<readonly (readonly Sighting[])[]> {
  const paths = new Set(questions.flatMap((question) => (question.kind === 'file' ? [question.path] : [])));
  const changes = paths.size === 0 ? new Map<string, RootfsChange>() : await changesAt(checkpoint, paths, options);
  const processes = await readProcesses(checkpoint.images, options);
  const open = await readOpenFiles(checkpoint.images, processes, options);
  const facts: Facts = { checkpoint, changes, processes, open, options };
  const answers: (readonly Sighting[])[] = [];
  for (const question of questions) answers.push(await answer(question, facts));
  return answers;
}

interface Facts {
  readonly checkpoint: Checkpoint;
  readonly changes: ReadonlyMap<string, RootfsChange>;
  readonly processes: readonly Process[];
  readonly open: OpenFiles;
  readonly options: SignalOptions;
}

function answer(question: Question, facts: Facts): Promise<readonly Sighting[]> | readonly Sighting[] {
  switch (question.kind) {
    case 'string':
      return memoryAnswer({ kind: 'literal', bytes: Buffer.from(question.text) }, question.text, facts);
    case 'hex':
      return memoryAnswer({ kind: 'hex', source: question.digits }, question.digits, facts);
    case 'file':
      return fileAnswer(question.path, facts.changes.get(question.path));
    case 'open':
      return openAnswer(question.path, facts);
    case 'socket':
      return socketAnswer(question, facts);
    case 'process':
      return processAnswer(question.name, facts);
    case 'page':
      return pageAnswer(question, facts);
  }
}

async function memoryAnswer(
  pattern: Pattern,
  item: string,
  { checkpoint, options }: Facts,
): Promise<readonly Sighting[]> {
  for await (const match of scanMemory(checkpoint, [{ id: item, pattern }], { ...options, limit: 1 })) {
    const { pid, vaddr, bytes, image } = match;
    if (pid === undefined) return [{ item, reference: { kind: 'image', name: `${image}.img` } }];
    return [{ item, reference: { kind: 'memory', pid, address: vaddr, bytes } }];
  }
  return [];
}

async function changesAt(checkpoint: Checkpoint, paths: ReadonlySet<string>, { signal }: SignalOptions) {
  const found = new Map<string, RootfsChange>();
  const options = { digests: (path: string) => paths.has(path), partial: true, signal };
  for await (const change of readChanges(checkpoint, options))
    if (paths.has(change.path)) found.set(change.path, change);
  return found;
}

function fileAnswer(path: string, change: RootfsChange | undefined): readonly Sighting[] {
  if (change === undefined) return [];
  const what = change.sha256 ?? (change.change === 'deleted' ? 'deleted' : (change.type ?? change.change));
  return [{ item: `${path} ${what}`, reference: { kind: 'rootfs', path } }];
}

function openAnswer(path: string, { open }: Facts): readonly Sighting[] {
  for (const { pid, fd, fileId } of open.descriptors) {
    const target = open.files.target(fileId);
    const name = target.type === 'memfd' ? `memfd:${target.name}` : 'path' in target ? target.path : undefined;
    if (name === path) return [{ item: path, reference: { kind: 'fd', pid, fd } }];
  }
  return [];
}

async function socketAnswer(
  { address, port }: Extract<Question, { kind: 'socket' }>,
  { checkpoint: { images }, open, options }: Facts,
): Promise<readonly Sighting[]> {
  const fits = (end: Endpoint) => end.port === port && (address === '' || address === '*' || end.address === address);
  const found = new Map<string, Sighting>();
  for await (const socket of readSockets(images, open, options)) {
    if (!('remote' in socket) || !(fits(socket.local) || fits(socket.remote))) continue;
    const { protocol, state, local, remote, fileId } = socket;
    // A client's port is as chance has it: its connections are one item.
    const ends = fits(socket.local) ? endpointText(local) : `→ ${endpointText(remote)}`;
    const item = `${protocol} ${ends} ${state}`;
    if (!found.has(item)) found.set(item, { item, reference: { kind: 'socket', fileId } });
  }
  return [...found.values()];
}

function processAnswer(name: string, { processes, open }: Facts): readonly Sighting[] {
  const executes = new Set<number>();
  for (const { pid, fd, fileId } of open.descriptors) {
    if (fd !== 'exe') continue;
    const target = open.files.target(fileId);
    const path = target.type === 'memfd' ? `memfd:${target.name}` : target.type === 'file' ? target.path : undefined;
    if (path === name) executes.add(pid);
  }
  const found = processes.find(({ pid, comm }) => comm === name || executes.has(pid));
  return found ? [{ item: name, reference: { kind: 'process', pid: found.pid } }] : [];
}

async function pageAnswer(
  { pid, address }: Extract<Question, { kind: 'page' }>,
  { checkpoint: { images }, options }: Facts,
): Promise<readonly Sighting[]> {
  const space = images.ids('mm').includes(pid) ? await openAddressSpace(images, pid, options) : undefined;
  if (!space) return [];
  const start = address - (address % BigInt(space.pageSize));
  const page = Buffer.alloc(space.pageSize);
  const [range] = await space.read(start, page, options);
  const name = `${pid}:0x${start.toString(16)}`;
  if (!range || (range.state === 'absent' && range.reason === 'unmapped')) return [];
  const what = range.state === 'absent' ? `not captured (${range.reason})` : digestOf(page);
  return [{ item: `${name} ${what}`, reference: { kind: 'memory', pid, address: start, bytes: page.length } }];
}
