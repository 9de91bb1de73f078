/** The archives that are hurt, read once, with the places where a reader's mind is made up. */
import { readFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { readTarIndex } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { chainOf } from './chain.ts';
import { hurtArchive } from './hurt.ts';
import { boundariesOf } from './places.ts';
import { Random } from './random.ts';

type Names = readonly [string, ...string[]];

/** For the views of a checkpoint. */
export const READ: Names = ['crio-counter', 'containerd-counter', 'podman-counter', 'chain'];
/** For the forensic engine: with findings of many rules among them. */
export const JUDGED: Names = [
  'crio-counter',
  'containerd-counter',
  'podman-counter',
  'open-files',
  'clean',
  'compromised',
];

/** The archive of a seed, and the name of what it was made of. */
export async function archiveOf(seed: number, names = READ): Promise<{ name: string; archive: Uint8Array }> {
  const random = new Random(seed);
  const name = random.of(names);
  const { bytes, boundaries, headers } = await preparedOf(name);
  return { name, archive: hurtArchive(bytes, boundaries, headers, random) };
}

/** The archive that is hurt, unhurt. */
export async function soundOf(name: string): Promise<Uint8Array> {
  return (await preparedOf(name)).bytes;
}

type Prepared = { bytes: Uint8Array; boundaries: readonly number[]; headers: readonly number[] };
const prepared = new Map<string, Promise<Prepared>>();

function preparedOf(name: string): Promise<Prepared> {
  const known = prepared.get(name) ?? prepare(name);
  prepared.set(name, known);
  return known;
}

async function prepare(name: string): Promise<Prepared> {
  const bytes = await read(name);
  const { entries } = await readTarIndex(bytesSource(bytes));
  return {
    bytes,
    boundaries: await boundariesOf(bytes),
    headers: [...entries.values()].map((entry) => entry.headerOffset),
  };
}

async function read(name: string): Promise<Uint8Array> {
  const at = (path: string) => readFile(new URL(`../../packages/${path}`, import.meta.url));
  if (name === 'chain') return chainOf(await at('checkpoint/fixtures/crio-counter.tar'));
  if (name === 'clean' || name === 'compromised')
    return zstdDecompressSync(await at(`forensics/fixtures/${name}.tar.zst`));
  return at(`checkpoint/fixtures/${name}.tar`);
}
