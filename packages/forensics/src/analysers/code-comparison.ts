/** Code in memory held against that of its file: which bytes are others, and of what sort the difference is. */

/** Bytes that are others, in a row. */
export interface CodeDifference {
  readonly address: bigint;
  /** Bytes in all. */
  readonly bytes: number;
  /** The first ones in base 16: of the file, and of memory. */
  readonly before: string;
  readonly after: string;
}

/** Bytes of a difference that are shown, and equal bytes within one. */
const SHOWN = 32;
const GAP = 4;

/** What a comparison found; grows. */
export class Comparison {
  /** The first ones. */
  readonly differences: CodeDifference[] = [];
  /** How many there are, and their bytes. */
  count = 0;
  bytes = 0;
  /** Of the longest. */
  longest = 0;
  /** Whether each is a breakpoint: the one byte 0xcc. */
  onlyBreakpoints = true;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Compares what lies at `address`; both are as long. */
  add(address: bigint, memory: Uint8Array, file: Uint8Array): void {
    if (Buffer.compare(memory, file) === 0) return;
    for (let at = 0; at < memory.length; at += 1) {
      if (memory[at] === file[at]) continue;
      const end = endOfDifference(memory, file, at);
      this.#take(address + BigInt(at), memory.subarray(at, end), file.subarray(at, end));
      at = end;
    }
  }

  #take(address: bigint, memory: Uint8Array, file: Uint8Array): void {
    if (isOfDumper(memory)) return;
    const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, SHOWN)).toString('hex');
    this.count += 1;
    this.bytes += memory.length;
    this.longest = Math.max(this.longest, memory.length);
    this.onlyBreakpoints &&= memory.length === 1 && memory[0] === 0xcc;
    if (this.differences.length < this.#most)
      this.differences.push({ address, bytes: memory.length, before: hex(file), after: hex(memory) });
  }
}

function endOfDifference(memory: Uint8Array, file: Uint8Array, start: number): number {
  let end = start + 1;
  for (let at = end; at < memory.length && at - end < GAP; at += 1) if (memory[at] !== file[at]) end = at + 1;
  return end;
}

/**
 * CRIU has a process make system calls by laying one over the start of its first code (x86-64: `syscall` and int3; arm64: `svc`
 * and `brk`). Source: CRIU compel, code_syscall.
 */
function isOfDumper(memory: Uint8Array): boolean {
  const text = Buffer.from(memory.subarray(0, 8)).toString('hex');
  return memory.length <= 8 && (text === '0f05cccccccccccc' || text === '010000d4000020d4');
}
