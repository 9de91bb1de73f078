/** `stillframe memory`: a range of one process's memory, told byte for byte what it is. */
import { setImmediate } from 'node:timers/promises';
import { bytesText, harmless, hexAddress } from '@stillframe/core';
import { type AddressSpace, type MappedFiles, type MemoryRange, openAddressSpace } from '@stillframe/criu-image';
import { Hexdump } from '../display/hexdump.ts';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { openFilling } from '../mapped-files.ts';
import { numberOf } from '../numbers.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand, withFiles } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

interface MemoryOptions extends Omit<ReadingOptions, 'pid'> {
  pid: string;
  fillFiles?: boolean;
  image?: string;
  address: string;
  length: string;
}

/** Bytes read at once. */
const PIECE = 1 << 20;
/** Bytes that a JSON document holds at most. */
const DOCUMENT = 16n << 20n;

/** Exit code 4 where some of the range is not there, or some of the evidence could not be read. */
export const memory: RegisterCommand = (program, io, done) => {
  const description = 'Show a range of a process’s memory; `stillframe maps` tells which addresses it has';
  const command = readingCommand(program, 'memory', description)
    .requiredOption('-p, --pid <pid>', 'the process')
    .requiredOption('-a, --address <address>', 'the first byte, such as 0x7ffd0000')
    .option('-n, --length <bytes>', 'how many: 4096, 0x1000, 64K', '256');
  withFiles(command)
    .addOption(outputOption('hex', 'raw', 'json'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: MemoryOptions) => {
      const start = numberOf(options.address, '--address');
      const length = numberOf(options.length, '--length');
      if (length === 0n || start + length > 1n << 64n)
        throw cliError('ERR_USAGE_ARGUMENT', '--length takes a positive number that ends within 64 bits');
      if (options.output === 'json' && length > DOCUMENT)
        throw cliError('ERR_USAGE_ARGUMENT', `a JSON document holds at most ${DOCUMENT} bytes; take --output raw`);
      let absent = 0n;
      const code = await reading(what, { ...options, pid: [options.pid] }, io, async ({ checkpoint, chosen }) => {
        const [{ pid } = { pid: 0 }] = chosen;
        const space = await openAddressSpace(checkpoint.images, pid, { signal: io.signal });
        if (!space) throw cliError('ERR_PROCESS_NOT_FOUND', `process ${pid} has no memory in the checkpoint`);
        await using files = await openFilling(checkpoint, options, io);
        const parts = readParts(space, start, start + length, files, io.signal);
        const show = { hex: showHex, raw: showRaw, json: showJson }[options.output];
        absent = (await show?.(parts, io, pid)) ?? 0n;
        if (options.output !== 'json' && absent > 0n)
          io.err(`${bytesText(Number(absent))} of ${bytesText(Number(length))} are not there\n`);
      });
      done(absent > 0n ? exitCodes.partial : code);
    });
};

const HELP = `
Bytes that the checkpoint does not hold are told, with the reason; with --output raw they are zeroes, and the exit code is 4.

  stillframe memory web.tar --pid 7 --address 0x7ffd0000 --length 4K
  stillframe memory web.tar -p 7 -a 0x7ffd0000 -n 1M --output raw > stack.bin`;

interface Part {
  range: MemoryRange;
  /** Nothing to go by where the range is absent. */
  bytes: Buffer;
}

/** The range in order, in parts of one kind. */
async function* readParts(
  space: AddressSpace,
  start: bigint,
  end: bigint,
  files: MappedFiles | undefined,
  signal: AbortSignal,
): AsyncGenerator<Part, void, undefined> {
  for await (const stretch of space.survey(start, end)) {
    // Terabytes of nothing are one part: only what a file may fill has to be looked at.
    if (stretch.state === 'absent' && (files === undefined || stretch.reason !== 'file')) {
      yield { range: stretch, bytes: Buffer.alloc(0) };
      continue;
    }
    const last = stretch.vaddr + BigInt(stretch.bytes);
    for (let at = stretch.vaddr; at < last; at += BigInt(PIECE)) {
      // What is zero is read without waiting for anything, and an interrupt must be heard all the same.
      await setImmediate(undefined, { signal });
      const bytes = Buffer.alloc(Number(last - at < BigInt(PIECE) ? last - at : BigInt(PIECE)));
      for (const range of await space.read(at, bytes, { files, signal })) {
        const from = Number(range.vaddr - at);
        yield { range, bytes: bytes.subarray(from, from + range.bytes) };
      }
    }
  }
}

/** Each gives how many bytes are absent. */
type Show = (parts: AsyncIterable<Part>, io: Io, pid: number) => Promise<bigint>;

const showHex: Show = async (parts, io) => {
  const dump = new Hexdump();
  let absent = 0n;
  let gap: { start: bigint; end: bigint; reason: string } | undefined;
  const close = async () => {
    if (gap) await io.write(dump.gap(gap.start, gap.end, `absent: ${gap.reason}`));
    gap = undefined;
  };
  for await (const { range, bytes } of parts) {
    const end = range.vaddr + BigInt(range.bytes);
    if (range.state === 'absent') {
      absent += BigInt(range.bytes);
      if (gap?.reason !== range.reason) {
        await close();
        gap = { start: range.vaddr, end, reason: range.reason };
      } else gap.end = end;
      continue;
    }
    await close();
    await io.write(dump.add(range.vaddr, bytes));
  }
  await close();
  await io.write(dump.end());
  return absent;
};

const showRaw: Show = async (parts, io) => {
  let absent = 0n;
  for await (const { range, bytes } of parts) {
    if (range.state === 'absent') {
      absent += BigInt(range.bytes);
      await writeZeroes(range.bytes, io);
    } else await io.write(bytes);
  }
  return absent;
};

async function writeZeroes(length: number, io: Io): Promise<void> {
  const zeroes = Buffer.alloc(Math.min(length, PIECE));
  for (let left = length; left > 0; left -= PIECE) {
    await setImmediate(undefined, { signal: io.signal });
    await io.write(left < PIECE ? zeroes.subarray(0, left) : zeroes);
  }
}

const showJson: Show = async (parts, io, pid) => {
  const ranges: object[] = [];
  let absent = 0n;
  for await (const { range, bytes } of parts) {
    const { vaddr, bytes: length, ...state } = range;
    if (range.state === 'absent') absent += BigInt(length);
    const data = range.state === 'absent' ? {} : { base64: bytes.toString('base64') };
    const from = state.state === 'filled' ? { from: harmless(state.from) } : {};
    ranges.push({ address: hexAddress(vaddr), bytes: length, ...state, ...from, ...data });
  }
  await io.write(renderJson('MemoryRangeList', 1, { pid, ranges }));
  return absent;
};
