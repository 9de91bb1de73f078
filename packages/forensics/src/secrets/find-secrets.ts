/** Secrets of a checkpoint: memory in one pass, everything else in another. */
import { type Checkpoint, openExtractContext, type Process } from '@stillframe/checkpoint';
import { openAddressSpace, type SignalOptions } from '@stillframe/criu-image';
import type { NamedPattern } from '../search/pattern.ts';
import { scanBytes } from '../search/scan-bytes.ts';
import { scanMemory } from '../search/scan-memory.ts';
import { type Secret, SecretCollection } from './collection.ts';
import { type Detector, OPENS } from './detector.ts';
import { detectors as all } from './detectors.ts';
import { TextStream } from './texts.ts';

/** Options of findSecrets. */
export interface SecretsOptions extends SignalOptions {
  readonly detectors?: readonly Detector[] | undefined;
  /** Whether memory is gone through; true by default. */
  readonly memory?: boolean | undefined;
  /** Candidates at most, of memory and of all else; 1,000,000 each by default. */
  readonly limit?: number | undefined;
  /** Distinct secrets at most; 10,000 by default. */
  readonly most?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What was found. */
export interface Secrets {
  /** One row a distinct secret, grouped by what it opens; doubted ones last. */
  readonly secrets: readonly Secret[];
  /** Why there may be more; empty where all was looked at. */
  readonly omissions: readonly string[];
}

const CONTEXT = 512;
const LIMIT = 1_000_000;

/** Finds them. Secrets are in no diagnostic and in no error. Throws what the readers throw. */
export async function findSecrets(checkpoint: Checkpoint, options: SecretsOptions = {}): Promise<Secrets> {
  const { limit = LIMIT, most, memory = true } = options;
  const run = new Run(checkpoint, options.detectors ?? all, new SecretCollection(most), options);
  const inMemory = memory ? await run.memory(limit) : 0;
  const inTexts = await run.texts(limit);
  const { collection } = run;
  const omissions = [
    ...(inMemory >= limit ? [`the search of memory ended after ${limit} candidates; there may be more secrets`] : []),
    ...(inTexts >= limit ? [`the search of files ended after ${limit} candidates; there may be more secrets`] : []),
    ...(collection.omitted > 0 ? [`${collection.omitted} finds of further secrets had no room`] : []),
  ];
  return { secrets: collection.secrets(OPENS), omissions };
}

class Run {
  readonly collection: SecretCollection;
  readonly #checkpoint: Checkpoint;
  readonly #detectors: ReadonlyMap<string, Detector>;
  readonly #patterns: readonly NamedPattern[];
  readonly #options: SecretsOptions;
  readonly #capturedAt: number | undefined;

  constructor(
    checkpoint: Checkpoint,
    detectors: readonly Detector[],
    collection: SecretCollection,
    options: SecretsOptions,
  ) {
    this.collection = collection;
    this.#checkpoint = checkpoint;
    this.#options = options;
    this.#detectors = new Map(detectors.map((each) => [each.id, each]));
    this.#patterns = detectors.map(({ id, source, anchors }) => ({ id, pattern: { kind: 'regex', source, anchors } }));
    this.#capturedAt = capturedAt(checkpoint);
  }

  /** Gives the number of candidates. */
  async memory(limit: number): Promise<number> {
    const { signal, onProgress } = this.#options;
    const texts = new ProcessTexts(this.#checkpoint, { signal });
    let count = 0;
    const options = { limit, context: CONTEXT, signal, onProgress };
    for await (const match of scanMemory(this.#checkpoint, this.#patterns, options)) {
      count += 1;
      const { pid, vaddr, bytes, image, vma } = match;
      const found = this.#verified(match, match.contextOffset, match.context.length - match.contextOffset - bytes);
      if (found === undefined) continue;
      const reference =
        pid === undefined
          ? ({ kind: 'image', name: `${image}.img` } as const)
          : ({ kind: 'memory', pid, address: vaddr, bytes } as const);
      const where = pid === undefined ? 'shared memory' : await texts.nameOf(pid, vaddr);
      this.collection.add(found.detector, found.verdict, { where, reference, name: vma?.backing, pid });
    }
    return count;
  }

  /** As memory, of everything else. */
  async texts(limit: number): Promise<number> {
    const { signal } = this.#options;
    const stream = new TextStream(await openExtractContext(this.#checkpoint, { signal }));
    let count = 0;
    for await (const match of scanBytes(this.#patterns, stream.chunks(), { limit, context: CONTEXT, signal })) {
      count += 1;
      const at = stream.placeOf(match.offset, match.bytes);
      const found = at && this.#verified(match, at.before, at.after);
      if (!found) continue;
      const { where, name, pids } = at.place;
      for (const pid of pids.length === 0 ? [undefined] : pids.slice(0, 16))
        this.collection.add(found.detector, found.verdict, { where, reference: at.reference, name, pid });
    }
    return count;
  }

  #verified(
    match: { pattern: string; bytes: number; context: Uint8Array; contextOffset: number },
    before: number,
    after: number,
  ) {
    const detector = this.#detectors.get(match.pattern);
    const around = Buffer.from(match.context.buffer, match.context.byteOffset, match.context.length).toString('latin1');
    const start = match.contextOffset;
    const end = start + match.bytes;
    const verdict = detector?.verify({
      text: around.slice(start, end),
      before: around.slice(Math.max(0, start - before), start),
      after: around.slice(end, end + after),
      capturedAt: this.#capturedAt,
    });
    return detector && verdict && { detector, verdict };
  }
}

/** Whether an address lies where the kernel laid down arguments or environment. */
class ProcessTexts {
  readonly #checkpoint: Checkpoint;
  readonly #options: SignalOptions;
  readonly #known = new Map<Process['pid'], readonly (readonly [string, bigint, bigint])[]>();

  constructor(checkpoint: Checkpoint, options: SignalOptions) {
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  async nameOf(pid: number, address: bigint): Promise<string> {
    let ranges = this.#known.get(pid);
    if (ranges === undefined) {
      const mm = (await openAddressSpace(this.#checkpoint.images, pid, this.#options))?.mm;
      ranges = mm
        ? [
            ['environment', mm.mmEnvStart, mm.mmEnvEnd],
            ['arguments', mm.mmArgStart, mm.mmArgEnd],
          ]
        : [];
      this.#known.set(pid, ranges);
    }
    return ranges.find(([, start, end]) => address >= start && address < end)?.[0] ?? 'memory';
  }
}

function capturedAt({ metadata }: Checkpoint): number | undefined {
  const time = metadata.checkpointed === undefined ? Number.NaN : Date.parse(metadata.checkpointed);
  return Number.isNaN(time) ? undefined : time;
}
