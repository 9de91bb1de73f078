/** One byte that is flipped anywhere in an archive: found, and told with the name of the entry that it belongs to. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ArchiveEntry, openArchive, rangesOf } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { type Measured, measure } from '@stillframe/evidence';
import { type ContentsReport, checkContents } from './contents.ts';

const FIXTURES = fileURLToPath(new URL('../../../checkpoint/fixtures/', import.meta.url));
const quiet = { interactive: false, signal: new AbortController().signal } as Parameters<typeof checkContents>[3];

interface Whole {
  bytes: Buffer;
  entries: readonly ArchiveEntry[];
  measured: Measured;
  /** What verify says of `changed` in the place of the archive. */
  check(changed: Uint8Array): Promise<ContentsReport>;
  flipped(...at: number[]): Promise<ContentsReport>;
}

async function withArchive(fixture: string, use: (whole: Whole) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const bytes = await readFile(join(FIXTURES, fixture));
  await using archive = await openArchive(bytesSource(bytes));
  const measured = await measure(bytesSource(bytes), rangesOf(archive.entries));
  const { digest, size, entries, memory } = measured;
  const recorded = { name: 'a.tar', digest, size, notCaptured: [], altered: [], truePause: 0, signed: true };
  const check = async (changed: Uint8Array) => {
    await writeFile(join(folder.path, 'a.tar'), changed);
    return checkContents(join(folder.path, 'a.tar'), recorded, { entries, memory }, quiet);
  };
  await use({
    ...{ bytes, measured, check },
    entries: [...archive.entries.values()].sort((a, b) => a.headerOffset - b.headerOffset),
    flipped: (...at) => {
      const changed = Buffer.from(bytes);
      for (const each of at) changed[each] = (changed[each] ?? 0) ^ 1;
      return check(changed);
    },
  });
}

const states = ({ archive, entries, memory }: ContentsReport) => [archive.state, entries.state, memory.state].join(' ');
const told = ({ faults }: ContentsReport) => faults.map(({ name, what }) => `${what} ${name}`);
const padded = (size: number) => Math.ceil(size / 512) * 512;
/** In a header: name, mode, owner, size, time, checksum, type, link, magic, device, prefix, what is behind all fields. */
const HEADER = [0, 99, 100, 108, 124, 136, 148, 153, 154, 155, 156, 157, 257, 263, 329, 345, 500, 511];

for (const fixture of ['crio-counter.tar', 'podman-counter.tar', 'containerd-counter.tar']) {
  describe(fixture, () => {
    test('as it was captured everything holds', () =>
      withArchive(fixture, async ({ check, bytes }) => assert.equal(states(await check(bytes)), 'holds holds holds')));

    test('a byte of each entry’s content', () =>
      withArchive(fixture, async ({ entries, flipped }) => {
        for (const { name, offset, size } of entries.filter((each) => each.size > 0)) {
          const memory = name.includes('pages-') ? 'fails' : 'holds';
          for (const at of new Set([0, Math.floor(size / 2), size - 1])) {
            const report = await flipped(offset + at);
            assert.equal(states(report), `fails fails ${memory}`, `${name}, byte ${at}`);
            assert.deepEqual(told(report), [`changed ${name}`], `byte ${at}`);
          }
        }
      }));

    test('a byte of the padding behind each entry', () =>
      withArchive(fixture, async ({ entries, flipped }) => {
        for (const { name, offset, size } of entries.filter((each) => each.size % 512 !== 0)) {
          for (const at of [offset + size, offset + padded(size) - 1]) {
            const report = await flipped(at);
            assert.deepEqual([states(report), told(report)], ['fails fails holds', [`padding ${name}`]]);
            assert.match(report.entries.text, /changed in the padding behind it: /);
          }
        }
      }));

    test('a byte of each entry’s header, of folders and links too', () =>
      withArchive(fixture, async ({ entries, flipped }) => {
        for (const [place, { name, headerOffset, size, kind }] of entries.entries()) {
          const before = entries[place - 1]?.name;
          for (const field of HEADER) {
            const report = await flipped(headerOffset + field);
            assert.deepEqual(
              [report.archive.state, report.entries.state],
              ['fails', 'fails'],
              `${name}, byte ${field}`,
            );
            const [first] = told(report);
            // The last byte of the checksum is read by nobody; all else ends the reading there.
            if (field === 155) assert.equal(first, `header ${name}`);
            else if (kind === 'file') assert.equal(first, `removed ${name}`, `byte ${field} of ${size}`);
            else assert.ok(report.entries.text.includes(before ? `behind ${before},` : 'no tar archive'));
          }
        }
      }));

    test('what follows the last entry', () =>
      withArchive(fixture, async ({ bytes, entries, flipped, check }) => {
        const end = Math.max(...entries.map(({ offset, size }) => offset + padded(size)));
        for (const at of [end, end + 511, end + 512, bytes.length - 1]) {
          const { archive, entries: contents } = await flipped(at);
          assert.equal(archive.state, 'fails');
          assert.match(contents.text, /damaged|but /, `byte ${at - end}`);
        }
        for (const changed of [
          Buffer.concat([bytes, Buffer.from('more')]),
          bytes.subarray(0, -1),
          bytes.subarray(0, end),
        ])
          assert.equal((await check(changed)).archive.state, 'fails');
      }));
  });
}

test('entries that are taken out, put in, put in twice, or in another order are named', () =>
  withArchive('crio-counter.tar', async ({ bytes, entries, check }) => {
    const pieces: Uint8Array[] = entries.map(({ headerOffset }, i) =>
      bytes.subarray(headerOffset, entries[i + 1]?.headerOffset),
    );
    const [tail] = pieces.splice(-1);
    const archiveOf = (list: readonly Uint8Array[]) => Buffer.concat([...list, tail ?? assert.fail()]);
    for (const [at, { name, kind, size }] of entries.slice(0, -1).entries()) {
      if (kind !== 'file' || size === 0) continue;
      assert.deepEqual(told(await check(archiveOf(pieces.toSpliced(at, 1)))), [`removed ${name}`]);
      const next = entries[at + 1];
      if (next?.kind !== 'file' || at + 1 >= pieces.length) continue;
      const swapped = pieces.toSpliced(at, 2, ...pieces.slice(at, at + 2).toReversed());
      assert.deepEqual(told(await check(archiveOf(swapped))), [`moved ${next.name}`]);
    }
    const copy = Buffer.from(pieces[0] ?? assert.fail());
    const twice = await check(archiveOf([copy, ...pieces]));
    assert.deepEqual([states(twice).slice(0, 5), told(twice)], ['fails', []]);
    assert.match(twice.entries.text, /occurs twice/);
    copy.write('zz', 0);
    copy.fill(' ', 148, 156);
    const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    for (let at = 0; at <= pieces.length; at += 7)
      assert.match(told(await check(archiveOf(pieces.toSpliced(at, 0, copy)))).join(), /^added zz/);
  }));
