/** Arguments and environment of each process: as /proc/PID/cmdline and /proc/PID/environ would show them, and as they are now. */
import { bytesSource } from '@stillframe/core';
import { type AddressSpace, fileNameOf, openAddressSpace, type SignalOptions } from '@stillframe/criu-image';
import type { Process } from '../process/process-tree.ts';
import { type EnvironmentVector, readEnvironment } from '../task/environment.ts';
import { compareEnvironment } from '../task/environment-comparison.ts';
import { memoryContent, sourceContent } from './content.ts';
import type { Extractable, ExtractableFile, ExtractContext } from './extractable.ts';

/** Lists them by pid: texts that each end with a NUL. */
export async function* processTexts(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images } = context.checkpoint;
  for (const process of context.processes) {
    const space = await openAddressSpace(images, process.pid, context);
    const mm = space?.mm;
    if (!space || !mm) continue;
    const environment = await readEnvironment(images, process.pid, context);
    const { vector } = environment;
    const { overwritten } = compareEnvironment(environment, undefined);
    yield { ...asStarted(space, process, 'environ', mm.mmEnvStart, mm.mmEnvEnd), facts: { overwritten } };
    if (vector.state === 'present') yield asNow(context, process, vector, overwritten);
    yield asStarted(space, process, 'cmdline', mm.mmArgStart, mm.mmArgEnd);
  }
}

/** Where the kernel laid the texts down. */
function asStarted(
  space: AddressSpace,
  { pid, comm }: Process,
  part: 'environ' | 'cmdline',
  start: bigint,
  end: bigint,
): ExtractableFile {
  const content = start <= end ? memoryContent(space, start, end) : undefined;
  return {
    ...{ form: 'file', kind: 'env', id: String(pid), part, file: `pid-${pid}-${part}.bin`, name: comm },
    source: { image: fileNameOf('pagemap', pid) },
    holders: [{ pid, start, end, offset: 0n }],
    facts: {},
    content,
    ...(content ? {} : { without: 'the process has no such memory' }),
  };
}

type Vector = Extract<EnvironmentVector, { state: 'present' }>;

/** The texts to which the vector on the stack points. They are read again when they are written: many processes have many. */
function asNow(
  { checkpoint }: ExtractContext,
  { pid, comm }: Process,
  vector: Vector,
  overwritten: boolean,
): ExtractableFile {
  const { images } = checkpoint;
  const later = vector.entries.filter(({ origin }) => origin === 'later').length;
  const missing = vector.entries.filter(({ text }) => text === undefined).length;
  return {
    ...{
      form: 'file',
      kind: 'env',
      id: String(pid),
      part: 'environ-now',
      file: `pid-${pid}-environ-now.bin`,
      name: comm,
    },
    source: { image: fileNameOf('pagemap', pid) },
    holders: [{ pid, start: vector.address, end: vector.address, offset: 0n }],
    facts: {
      ...{ variables: vector.entries.length, setLater: later, missing, complete: vector.complete },
      ...{ overwritten, encoding: 'UTF-8' },
    },
    content: {
      size: BigInt(textsOf(vector).length),
      async *pieces(options: SignalOptions = {}) {
        const again = await readEnvironment(images, pid, options);
        const texts = again.vector.state === 'present' ? textsOf(again.vector) : Buffer.alloc(0);
        yield* sourceContent(bytesSource(texts)).pieces(options);
      },
    },
  };
}

function textsOf({ entries }: Vector): Buffer {
  return Buffer.from(entries.flatMap(({ text }) => (text === undefined ? [] : `${text}\0`)).join(''));
}
