/** Arguments and environment of a process, read from its own memory as /proc/PID/cmdline does (mm_entry.mm_arg_*, mm_env_*). */
import { limits } from '@stillframe/core';
import { type AddressSpace, type ImageSet, openAddressSpace, type SignalOptions } from '@stillframe/criu-image';

/** Why there is no text. `not-recorded`: the process has no memory image; the others say what became of the pages. */
export type TextsAbsent = 'not-recorded' | 'unmapped' | 'not-captured' | 'too-long';

/** Texts between NULs. Raw, UTF-8 decoded with replacement, possibly secret: make them harmless where they are shown. */
export type Texts =
  /** `partial`: some of the bytes were not captured; they read as U+FFFD. */
  | { readonly state: 'present'; readonly values: readonly string[]; readonly partial: boolean }
  | { readonly state: 'absent'; readonly reason: TextsAbsent };

/** How a program was called. */
export interface CommandLine {
  readonly arguments: Texts;
  /** `NAME=value`, as at the start of the program; setenv does not show here. */
  readonly environment: Texts;
}

/** Opens the memory of `pid` and reads both. At most `limits.arguments` bytes of each are read. */
export async function readCommandLine(
  images: ImageSet,
  pid: number,
  options: SignalOptions = {},
): Promise<CommandLine> {
  return commandLineOf(await openAddressSpace(images, pid, options), options);
}

/** As readCommandLine, of memory that is open already. */
export async function commandLineOf(
  space: AddressSpace | undefined,
  options: SignalOptions = {},
): Promise<CommandLine> {
  const mm = space?.mm;
  if (!space || !mm) return { arguments: absent('not-recorded'), environment: absent('not-recorded') };
  return {
    arguments: await readTexts(space, mm.mmArgStart, mm.mmArgEnd, options),
    environment: await readTexts(space, mm.mmEnvStart, mm.mmEnvEnd, options),
  };
}

async function readTexts(space: AddressSpace, start: bigint, end: bigint, options: SignalOptions): Promise<Texts> {
  if (end < start) return absent('unmapped');
  const length = end - start;
  if (length > BigInt(limits.arguments)) return absent('too-long');
  const bytes = Buffer.alloc(Number(length));
  const ranges = await space.read(start, bytes, options);
  const missing = ranges.filter((range) => range.state === 'absent');
  if (length > 0n && missing.length === ranges.length) {
    return absent(missing.every(({ reason }) => reason === 'unmapped') ? 'unmapped' : 'not-captured');
  }
  for (const { vaddr, bytes: size } of missing) {
    // 0xff is valid nowhere in UTF-8, so that a hole reads as U+FFFD and not as the end of a text.
    const from = Number(vaddr - start);
    bytes.fill(0xff, from, from + size);
  }
  return { state: 'present', values: splitTexts(bytes), partial: missing.length > 0 };
}

/** Every text ends with a NUL, empty ones too; padding of NULs at the end, where a program rewrote its title, is dropped. */
function splitTexts(bytes: Buffer): readonly string[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (text === '') return [];
  const values = (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
  if (!values.some((value) => value !== '')) return [];
  let end = values.length;
  // A rewritten title leaves a tail of NULs; a single empty argument at the end is kept.
  if (values.length > 2 && values.at(-1) === '' && values.at(-2) === '') {
    while (end > 0 && values[end - 1] === '') end -= 1;
  }
  return values.slice(0, end);
}

function absent(reason: TextsAbsent): Texts {
  return { state: 'absent', reason };
}
