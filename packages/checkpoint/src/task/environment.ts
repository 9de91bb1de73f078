/**
 * The environment of a process, in the two places where the kernel puts it when a program starts: the texts
 * (mm_entry.mm_env_*, which /proc/PID/environ shows) and, on the stack, the vector of pointers to them (execve(2), the
 * System V ABI). A C library changes the vector: unsetenv takes a pointer out, setenv of a variable that is there puts
 * another in its place. Only setenv of a new variable copies the vector to the heap, where nothing leads to it but the
 * library's own symbol `environ`; then the one on the stack stays as it was before.
 */
import { limits } from '@stillframe/core';
import { type AddressSpace, type ImageSet, openAddressSpace, type SignalOptions } from '@stillframe/criu-image';
import { core_entry_march, user_x86_regs_mode } from '@stillframe/criu-image/proto';
import { commandLineOf, type Texts } from '../process/command-line.ts';

/** A variable to which the vector points. */
export interface VectorEntry {
  /** Where its text is. */
  readonly address: bigint;
  /** `NAME=value`, raw; undefined where the memory was not captured. */
  readonly text: string | undefined;
  /** `start`: in the texts that the kernel laid down; `later`: anywhere else, so set since. */
  readonly origin: 'start' | 'later';
}

/** Why there is no vector. `damaged`: what stands there is none. */
export type VectorAbsent = 'not-recorded' | 'not-captured' | 'damaged';

/** The vector on the stack. */
export type EnvironmentVector =
  | {
      readonly state: 'present';
      readonly address: bigint;
      readonly entries: readonly VectorEntry[];
      /** False where the memory ends before the vector does, or it has more entries than are read. */
      readonly complete: boolean;
    }
  | { readonly state: 'absent'; readonly reason: VectorAbsent };

/** Both, as they are in memory at the moment of the dump. */
export interface Environment {
  /** The texts that the program was started with, unless the process has written over them (as for a title). */
  readonly block: Texts;
  readonly vector: EnvironmentVector;
}

/** Pointers of one vector: the kernel takes texts of 6 MiB in all, and each has two bytes at least. */
const MOST_ENTRIES = 65_536;
/** Bytes of one text (MAX_ARG_STRLEN of the kernel). */
const LONGEST_TEXT = 131_072;
const PIECE = 4096;

/** Reads both of one process. */
export async function readEnvironment(
  images: ImageSet,
  pid: number,
  options: SignalOptions = {},
): Promise<Environment> {
  const space = await openAddressSpace(images, pid, options);
  const { environment: block } = await commandLineOf(space, options);
  if (!space?.mm) return { block, vector: { state: 'absent', reason: 'not-recorded' } };
  const word = await wordBytes(images, pid, options);
  return { block, vector: await readVector(space, word, options) };
}

async function readVector(space: AddressSpace, word: number, options: SignalOptions): Promise<EnvironmentVector> {
  const { mmStartStack = 0n, mmEnvStart = 0n, mmEnvEnd = 0n } = space.mm ?? {};
  const words = new WordReader(space, mmStartStack, word, options);
  const count = await words.next();
  if (count === undefined) return { state: 'absent', reason: 'not-captured' };
  if (count > BigInt(MOST_ENTRIES)) return { state: 'absent', reason: 'damaged' };
  words.skip(Number(count));
  const end = await words.next();
  if (end === undefined) return { state: 'absent', reason: 'not-captured' };
  // Behind the pointers to the arguments stands a zero, whatever a process did to them.
  if (end !== 0n) return { state: 'absent', reason: 'damaged' };
  const address = words.at;
  const texts = new TextReader(space, options);
  const entries: VectorEntry[] = [];
  for (;;) {
    const pointer = await words.next();
    if (pointer === 0n) return { state: 'present', address, entries, complete: true };
    if (pointer === undefined || entries.length >= MOST_ENTRIES) {
      return { state: 'present', address, entries, complete: false };
    }
    const origin = pointer >= mmEnvStart && pointer < mmEnvEnd ? 'start' : 'later';
    entries.push({ address: pointer, text: await texts.at(pointer), origin });
  }
}

/** Words one after the other; undefined where the memory is not there. */
class WordReader {
  readonly #space: AddressSpace;
  readonly #options: SignalOptions;
  readonly #word: number;
  #piece: Buffer = Buffer.alloc(0);
  #start = 0n;
  at: bigint;

  constructor(space: AddressSpace, at: bigint, word: number, options: SignalOptions) {
    this.#space = space;
    this.#options = options;
    this.#word = word;
    this.at = at;
  }

  skip(words: number): void {
    this.at += BigInt(words * this.#word);
  }

  async next(): Promise<bigint | undefined> {
    const inside = () => Number(this.at - this.#start);
    if (this.at < this.#start || inside() + this.#word > this.#piece.length) {
      this.#piece = await readPresent(this.#space, this.at, PIECE, this.#options);
      this.#start = this.at;
      if (this.#piece.length < this.#word) return undefined;
    }
    const [at, word] = [inside(), this.#word];
    this.at += BigInt(word);
    return word === 8 ? this.#piece.readBigUInt64LE(at) : BigInt(this.#piece.readUInt32LE(at));
  }
}

/** Texts up to their NUL; all together no more than a process can have. */
class TextReader {
  readonly #space: AddressSpace;
  readonly #options: SignalOptions;
  #left: number = limits.arguments;

  constructor(space: AddressSpace, options: SignalOptions) {
    this.#space = space;
    this.#options = options;
  }

  async at(address: bigint): Promise<string | undefined> {
    for (let size = 256; ; size = Math.min(size * 8, LONGEST_TEXT)) {
      if (this.#left <= 0) return undefined;
      const bytes = await readPresent(this.#space, address, size, this.#options);
      const end = bytes.indexOf(0);
      this.#left -= Math.max(1, end < 0 ? bytes.length : end);
      if (end >= 0) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, end));
      if (bytes.length < size || size >= LONGEST_TEXT) return undefined;
    }
  }
}

/** The bytes from `vaddr` on up to the first that is not there. */
async function readPresent(space: AddressSpace, vaddr: bigint, size: number, options: SignalOptions): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  for (const range of await space.read(vaddr, bytes, options)) {
    if (range.state === 'absent') break;
    length += range.bytes;
  }
  return bytes.subarray(0, length);
}

/** Four for 32-bit processes. Big-endian machines are not told apart: CRIU's own images are little-endian but for s390. */
async function wordBytes(images: ImageSet, pid: number, options: SignalOptions): Promise<number> {
  const core = await images.single('core', pid, options);
  const compat = core?.threadInfo?.gpregs?.mode === user_x86_regs_mode.COMPAT;
  return compat || core?.mtype === core_entry_march.ARM ? 4 : 8;
}
