/** Reads archives that the run asks for by fixture and seed, in a process that may hang, swell or die alone. */
import { readFile } from 'node:fs/promises';
import { readTarIndex } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { hurtArchive } from './hurt.ts';
import { boundariesOf } from './places.ts';
import { Random } from './random.ts';
import { readEverything } from './subject.ts';

export const FIXTURES = ['crio-counter', 'containerd-counter', 'podman-counter'] as const;

/** The archive of a seed. */
export async function archiveOf(seed: number): Promise<Uint8Array> {
  const random = new Random(seed);
  const name = random.of(FIXTURES);
  const { bytes, boundaries, headers } = await preparedOf(name);
  return hurtArchive(bytes, boundaries, headers, random);
}

type Prepared = { bytes: Uint8Array; boundaries: readonly number[]; headers: readonly number[] };
const prepared = new Map<string, Promise<Prepared>>();

function preparedOf(name: string): Promise<Prepared> {
  const known = prepared.get(name) ?? prepare(name);
  prepared.set(name, known);
  return known;
}

async function prepare(name: string): Promise<Prepared> {
  const bytes = await readFile(new URL(`../../packages/checkpoint/fixtures/${name}.tar`, import.meta.url));
  const { entries } = await readTarIndex(bytesSource(bytes));
  return {
    bytes,
    boundaries: await boundariesOf(bytes),
    headers: [...entries.values()].map((entry) => entry.headerOffset),
  };
}

if (process.send) {
  process.on('message', (seed: number) => {
    archiveOf(seed)
      .then(readEverything)
      .then(
        (outcome) => process.send?.({ seed, ...outcome, rss: process.memoryUsage.rss() }),
        (error: unknown) => process.send?.({ seed, defect: error instanceof Error ? error.stack : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
}
