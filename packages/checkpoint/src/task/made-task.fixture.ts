/** For tests: the made-up process of elf-core with images beside those that it has there. */
import assert from 'node:assert/strict';
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import {
  encodeImage,
  type FramedName,
  framedKind,
  type ImageEntry,
  type ImageSet,
  kindOfFile,
  openImageSet,
} from '@stillframe/criu-image';
import { seccomp_entrySchema, tty_info_entrySchema } from '@stillframe/criu-image/proto';
import { type CoreInit, madeSet, PID, x86Core } from '../elf-core/made-set.fixture.ts';
import { readTasks, type Task } from './task.ts';

/** The set with more images, by file name. */
export function withImages(made: ImageSet, more: Readonly<Record<string, Uint8Array>>): ImageSet {
  const names = [...new Set([...made.images.map(({ name }) => name), ...Object.keys(more)])];
  return openImageSet({
    names: () => names,
    open(name) {
      const bytes = more[name];
      const named = kindOfFile(name);
      return bytes ? bytesSource(bytes) : named && made.source(named.kind.name, named.id);
    },
  });
}

/** An image of one kind; `inits` give every field that CRIU requires. */
export async function imageOf<D extends DescMessage>(
  kind: FramedName,
  schema: D,
  ...inits: MessageInitShape<D>[]
): Promise<Uint8Array> {
  const entries = inits.map((init) => ({
    role: 'entry' as const,
    message: create(schema, init) as ImageEntry['message'],
  }));
  return Buffer.concat(await Array.fromAsync(encodeImage(framedKind(kind), entries)));
}

/** seccomp.img of these filters. */
export async function seccompImage(
  ...filters: { filter: Uint8Array; prev?: number; flags?: number }[]
): Promise<Uint8Array> {
  return imageOf('seccomp', seccomp_entrySchema, { seccompFilters: filters });
}

/** A terminal of tty-info.img. */
export async function terminalImage(...ttys: { sid: number; pgrp: number; rdev: number }[]): Promise<Uint8Array> {
  const rest = { type: 3, locked: false, exclusive: false, packetMode: false } as const;
  return imageOf('tty-info', tty_info_entrySchema, ...ttys.map((tty, id) => ({ id, ...rest, ...tty })));
}

/** A program of (code, jt, jf, k). */
export function programOf(...instructions: readonly (readonly [number, number, number, number])[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, jt, jf, k]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return bytes;
}

/** Words of the assembler that tests write filters in. */
export const bpf = {
  load: (offset: number) => [0x20, 0, 0, offset] as const,
  equal: (k: number, jt: number, jf: number) => [0x15, jt, jf, k] as const,
  atLeast: (k: number, jt: number, jf: number) => [0x35, jt, jf, k] as const,
  answer: (k: number) => [0x06, 0, 0, k] as const,
};

export type Tc = Exclude<NonNullable<CoreInit['tc']>, { $typeName: string }>;
export type ThreadCore = Exclude<NonNullable<CoreInit['threadCore']>, { $typeName: string }>;
export const ALIVE: Tc = { taskState: 1, exitCode: 0, personality: 0, flags: 0, blkSigset: 0n, comm: 'made' };
export const THREAD: ThreadCore = { futexRla: 0n, futexRlaLen: 0 };
export const CREDS = { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0, secbits: 0 };

/** The only process of a set. */
export async function taskOf(images: ReturnType<typeof madeSet>): Promise<Task> {
  const [task, ...others] = await Array.fromAsync(readTasks(images, { dumpable: true }));
  assert.deepEqual(others, []);
  return task ?? assert.fail('no task');
}

/** Facts of a made-up process and its thread, with these fields. */
export async function factsOf(tc: Tc = {}, threadCore: ThreadCore = {}) {
  const cores = { [PID]: x86Core({ tc: { ...ALIVE, ...tc }, threadCore: { ...THREAD, ...threadCore } }) };
  const task = await taskOf(madeSet({ vmas: undefined, cores }));
  const [thread] = task.threads;
  assert.ok(task.facts.state === 'present' && thread?.facts.state === 'present');
  return { task, facts: task.facts, thread: thread.facts };
}

/** siginfo_t with words of 32 bits at offsets. */
export function siginfo(words: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Buffer.alloc(128);
  for (const [offset, word] of Object.entries(words)) bytes.writeInt32LE(word, Number(offset));
  return bytes;
}
