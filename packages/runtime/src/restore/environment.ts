/** The environment of a restored process is that of its memory; where the request says otherwise, that is told. */
import { type Checkpoint, readCommandLine } from '@stillframe/checkpoint';
import type { ReadOptions } from '@stillframe/core';

/** Names only: values may be secrets. */
export interface EnvironmentDifference {
  /** Of the request, and not in memory, or there with another value. */
  readonly ignored: readonly string[];
  /** False where the memory of the first process does not tell its environment. */
  readonly known: boolean;
}

/** Compares what is asked for with what the first process of the dump was started with. */
export async function environmentDifference(
  { images }: Checkpoint,
  requested: readonly { key: string; value: string }[],
  options: ReadOptions = {},
): Promise<EnvironmentDifference> {
  if (requested.length === 0) return { ignored: [], known: true };
  const root = await images.single('pstree', undefined, options);
  const texts = root && (await readCommandLine(images, root.pid, options)).environment;
  if (texts?.state !== 'present') return { ignored: [], known: false };
  const there = new Set(texts.values);
  const wanted = new Map(requested.map(({ key, value }) => [key, value]));
  return {
    ignored: [...wanted].filter(([key, value]) => !there.has(`${key}=${value}`)).map(([key]) => key),
    known: true,
  };
}
