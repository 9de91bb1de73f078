/** Reads archives that the run asks for by fixture and seed, in a process that may hang, swell or die alone. */
import { readFile } from 'node:fs/promises';
import { readTarIndex } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { chainOf } from './chain.ts';
import { hurtArchive } from './hurt.ts';
import { boundariesOf } from './places.ts';
import { Random } from './random.ts';
import { readEverything } from './subject.ts';

const FIXTURES = ['crio-counter', 'containerd-counter', 'podman-counter', 'chain'] as const;

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
  const file = name === 'chain' ? 'crio-counter' : name;
  const real = await readFile(new URL(`../../packages/checkpoint/fixtures/${file}.tar`, import.meta.url));
  const bytes = name === 'chain' ? await chainOf(real) : real;
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
