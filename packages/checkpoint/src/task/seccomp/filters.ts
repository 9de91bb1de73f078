/** The seccomp filters of a dump (seccomp.img) and the chains of them that threads run under. */
import { createHash } from 'node:crypto';
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import { core_entry_march, type seccomp_filter } from '@stillframe/criu-image/proto';
import { recorded } from '../../recorded.ts';
import { type BitNames, bitNames } from '../bit-names.ts';
import { auditArchOf } from '../syscalls.ts';
import { type AnnotatedInstruction, annotate } from './annotate.ts';
import { decodeProgram, INSTRUCTION, type Instruction, LONGEST } from './instruction.ts';
import { type Verdicts, verdictsOf } from './verdicts.ts';

/** One filter; its instructions are told on request. */
export interface SeccompFilter {
  /** In seccomp.img. */
  readonly index: number;
  /** Of its bytes: equal filters of several threads stand in the image several times. */
  readonly sha256: string;
  readonly instructions: number;
  /** `SECCOMP_FILTER_FLAG_…`. TSYNC is CRIU's own note that all threads of a process have the same filters. */
  readonly flags: BitNames;
  /** The next of the chain (CRIU's `prev`). */
  readonly next: number | undefined;
}

const FLAGS = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'NEW_LISTENER', 'TSYNC_ESRCH', 'WAIT_KILLABLE_RECV'].map(
  (name) => `SECCOMP_FILTER_FLAG_${name}`,
);
/** Filters that one thread can have: the kernel counts four instructions more for each, and takes 32,768 in all. */
const LONGEST_CHAIN = 6553;

/** All filters of a dump. */
export class SeccompFilters {
  readonly #images: ImageSet;
  readonly #entries: readonly seccomp_filter[];
  readonly #machine: core_entry_march;
  readonly #chains = new Map<number, readonly number[]>();

  constructor(images: ImageSet, entries: readonly seccomp_filter[], machine: core_entry_march) {
    this.#images = images;
    this.#entries = entries;
    this.#machine = machine;
  }

  /** How many there are. */
  get count(): number {
    return this.#entries.length;
  }

  /** What is known of a filter without reading its instructions; undefined where there is none of that number. */
  filter(index: number): SeccompFilter | undefined {
    const entry = this.#entries[index];
    if (!entry) return undefined;
    return {
      index,
      sha256: createHash('sha256').update(entry.filter).digest('hex'),
      instructions: Math.floor(entry.filter.length / INSTRUCTION),
      flags: bitNames(BigInt(entry.flags), FLAGS),
      next: recorded(entry, 'prev'),
    };
  }

  /**
   * The filters of a thread by number, newest first, from what its core image tells. CRIU writes the newest filter of a
   * thread first, lets `prev` lead from each to the one that was installed after it, and names the oldest in the core
   * image. A number of no filter, a circle and more filters than a kernel takes end the chain; each is told.
   */
  chain(first: number, begins: 'oldest' | 'newest' = 'oldest'): readonly number[] {
    const found = this.#chains.get(first) ?? this.#follow(first);
    this.#chains.set(first, found);
    return begins === 'oldest' ? found.toReversed() : found;
  }

  /** The instructions of a filter with their meaning. Empty where there is none of that number. */
  disassemble(index: number): readonly AnnotatedInstruction[] {
    return annotate(this.#program(index), auditArchOf(this.#machine));
  }

  /** What a chain answers to each call of the dumped machine; undefined where that cannot be told. */
  verdicts(chain: readonly number[]): Verdicts | undefined {
    const arch = auditArchOf(this.#machine);
    return arch === undefined || chain.length === 0
      ? undefined
      : verdictsOf(
          chain.map((index) => this.#program(index)),
          arch,
        );
  }

  #follow(first: number): readonly number[] {
    const chain = new Set<number>();
    for (let at: number | undefined = first; at !== undefined; ) {
      const entry: seccomp_filter | undefined = this.#entries[at];
      const fault = entry ? this.#faultOf(at, chain) : ['seccomp-filter-missing', `there is no filter ${at}`];
      if (fault || !entry) {
        this.#report(fault?.[0] ?? '', fault?.[1] ?? '');
        break;
      }
      chain.add(at);
      at = recorded(entry, 'prev');
    }
    return [...chain];
  }

  #program(index: number): readonly Instruction[] {
    const bytes = this.#entries[index]?.filter ?? new Uint8Array();
    if (bytes.length % INSTRUCTION !== 0 || bytes.length > LONGEST * INSTRUCTION) {
      this.#report('seccomp-filter-damaged', `filter ${index} has ${bytes.length} bytes, which is no program`);
    }
    return decodeProgram(bytes, this.#machine !== core_entry_march.S390);
  }

  #faultOf(at: number, chain: ReadonlySet<number>): readonly [id: string, message: string] | undefined {
    if (chain.has(at)) return ['seccomp-chain-cyclic', `filter ${at} would come twice in one chain`];
    if (chain.size < LONGEST_CHAIN) return undefined;
    return ['seccomp-chain-long', `a chain has more than ${LONGEST_CHAIN} filters`];
  }

  #report(id: string, message: string): void {
    this.#images.report({ id, severity: 'error', source: 'seccomp.img', message });
  }
}

/** Reads seccomp.img, and of the inventory's first process which machine the filters are for. */
export async function readSeccompFilters(
  images: ImageSet,
  machine: core_entry_march,
  options: SignalOptions = {},
): Promise<SeccompFilters> {
  const entry = await images.single('seccomp', undefined, options);
  return new SeccompFilters(images, entry?.seccompFilters ?? [], machine);
}

const TSYNC = 1;

/**
 * Numbers of the filters that carry TSYNC. CRIU sets it where all threads of a process have the same filters, and then
 * writes them for the main thread alone: the others look as if they had none.
 */
export async function readSynchronised(images: ImageSet, options: SignalOptions = {}): Promise<ReadonlySet<number>> {
  const entry = await images.single('seccomp', undefined, options);
  const numbers = (entry?.seccompFilters ?? []).flatMap(({ flags }, index) => ((flags & TSYNC) === 0 ? [] : [index]));
  return new Set(numbers);
}
