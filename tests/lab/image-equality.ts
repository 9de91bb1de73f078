/** What every image that CRIU writes is held against: its own bytes after decoding and encoding, and the JSON of crit 4.2. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource } from '@stillframe/core';
import {
  decodeImage,
  encodeImage,
  type FramedKind,
  type ImageSet,
  kindOfFile,
  openImageSet,
} from '@stillframe/criu-image';
import { exploreImages, explorers, imageFromJson, imageToJson } from '@stillframe/criu-image/crit';
import { crit } from '@stillframe/testkit';

/** The images of one folder, in memory. */
export interface OpenedSet {
  folder: string;
  files: ReadonlyMap<string, Uint8Array>;
  images: ImageSet;
}

export async function openSet(folder: string): Promise<OpenedSet> {
  const names = (await readdir(folder)).filter((name) => kindOfFile(name));
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, new Uint8Array(await readFile(join(folder, name))));
  const open = (name: string) => {
    const bytes = files.get(name);
    return bytes && bytesSource(bytes);
  };
  return { folder, files, images: openImageSet({ names: () => files.keys(), open }) };
}

/** Every image is decoded without a fault and encoded to the bytes that CRIU wrote. */
export async function demandRoundTrip({ images, files }: OpenedSet): Promise<void> {
  await images.check();
  assert.deepEqual(images.diagnostics.list, []);
  for (const [name, kind, bytes] of framed(files)) {
    const entries = decodeImage(kind, bytesSource(bytes), (fault) => assert.fail(`${name}: ${fault.message}`));
    assert.deepEqual(Buffer.concat(await Array.fromAsync(encodeImage(kind, entries))), Buffer.from(bytes), name);
  }
}

/**
 * Every image is the JSON that crit makes of it, and that JSON is the image again. Of a set that only
 * repeats what another one has shown `ofEachKind` images are enough.
 */
export async function demandJsonOfCrit({ folder, files }: OpenedSet, { ofEachKind = Infinity } = {}): Promise<void> {
  const seen = new Map<FramedKind, number>();
  for (const [name, kind, bytes] of framed(files)) {
    const before = seen.get(kind) ?? 0;
    if (before >= ofEachKind) continue;
    seen.set(kind, before + 1);
    const pretty = await json(bytes, { pretty: true });
    assert.equal(`${pretty}\n`, await printed('decode', '--pretty', '-i', join(folder, name)), name);
    const exact = await json(bytes, { exact: true });
    assert.deepEqual(Buffer.concat(await Array.fromAsync(imageFromJson(exact))), Buffer.from(bytes), name);
    if (kind.payload === undefined && kind.members === undefined) continue;
    const plain = `${await json(bytes, {})}\n`;
    assert.equal(plain, await printed('decode', '-i', join(folder, name)), name);
    const sizes = `${await json(bytes, { pretty: true, withoutPayloads: true })}\n`;
    assert.equal(sizes, await printed('show', '--nopl', join(folder, name)), name);
  }
}

/** The lists of processes, files and memory are those of crit, which ends at the first zombie. */
export async function demandListsOfCrit({ folder, images }: OpenedSet): Promise<void> {
  for (const what of explorers) {
    const ours = (await Array.fromAsync(exploreImages(images, what))).map((line) => `${line}\n`).join('');
    const theirs = await printed('x', folder, what);
    assert.ok(theirs.length > 0 && ours.startsWith(theirs), `${what}:\n${ours}\n${theirs}`);
    assert.match(ours.slice(theirs.length), /^(\d+\n)?$/, 'a zombie has nothing but its pid');
  }
}

function* framed(files: ReadonlyMap<string, Uint8Array>): Generator<[string, FramedKind, Uint8Array]> {
  for (const [name, bytes] of files) {
    const kind = kindOfFile(name)?.kind;
    if (kind?.form === 'framed') yield [name, kind, bytes];
  }
}

async function json(bytes: Uint8Array, options: Parameters<typeof imageToJson>[2]): Promise<string> {
  const report = (fault: { message: string }) => assert.fail(fault.message);
  return (await Array.fromAsync(imageToJson(bytesSource(bytes), report, { exact: false, ...options }))).join('');
}

/** What crit prints, also where it then fails. */
async function printed(...args: string[]): Promise<string> {
  return (await crit(...args)).stdout.toString();
}
