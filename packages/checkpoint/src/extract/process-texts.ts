/** Arguments and environment of each process, as /proc/PID/cmdline and /proc/PID/environ would show them. */
import { fileNameOf, openAddressSpace } from '@stillframe/criu-image';
import { memoryContent } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';

/** Lists both of every process, by pid: texts that each end with a NUL. */
export async function* processTexts(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images } = context.checkpoint;
  for (const { pid, comm } of context.processes) {
    const space = await openAddressSpace(images, pid, context);
    const mm = space?.mm;
    if (!space || !mm) continue;
    for (const [part, start, end] of [
      ['environ', mm.mmEnvStart, mm.mmEnvEnd],
      ['cmdline', mm.mmArgStart, mm.mmArgEnd],
    ] as const) {
      const content = start <= end ? memoryContent(space, start, end) : undefined;
      yield {
        ...{ form: 'file', kind: 'env', id: String(pid), part, file: `pid-${pid}-${part}.bin`, name: comm },
        source: { image: fileNameOf('pagemap', pid) },
        holders: [{ pid, start, end, offset: 0n }],
        facts: {},
        content,
        ...(content ? {} : { without: 'the process has no such memory' }),
      };
    }
  }
}
