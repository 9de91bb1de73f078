/**
 * Changing the environment of dumped processes. It stands in their memory as texts that each end with a NUL, and a
 * process finds them by pointers into that block, so a text can change in its place but neither move nor grow.
 */
import { limits } from '@stillframe/core';
import {
  type AddressSpace,
  type ImageSet,
  type ImageWrite,
  openAddressSpace,
  planMemoryWrite,
  type SignalOptions,
} from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import { readProcesses } from '../process/process-tree.ts';

/** What must be written, and in how many processes each variable stands. */
export interface EnvironmentEdit {
  readonly writes: readonly ImageWrite[];
  /** Variable to the pids of the processes that have it. */
  readonly found: ReadonlyMap<string, readonly number[]>;
}

/**
 * Plans `values` for every process that was started with the variable. A shorter value leaves NULs behind it, which the
 * process never looks at. Throws ERR_EDIT_ENVIRONMENT where a name or value cannot be one, where no process has the
 * variable, where the value does not fit into the place of the old one, or the block is not in the dump.
 */
export async function planEnvironment(
  images: ImageSet,
  values: ReadonlyMap<string, string>,
  options: SignalOptions = {},
): Promise<EnvironmentEdit> {
  for (const [name, value] of values) demandVariable(name, value);
  const found = new Map<string, number[]>([...values.keys()].map((name) => [name, []]));
  const writes: ImageWrite[] = [];
  if (values.size === 0) return { writes, found };
  for (const { pid } of await readProcesses(images, options)) {
    options.signal?.throwIfAborted();
    const space = await openAddressSpace(images, pid, options);
    if (!space?.mm) continue;
    for (const { name, text, vaddr, length } of await variablesOf(space, values, options)) {
      if (text.length > length) throw noRoom(name, pid, text.length - length);
      const bytes = Buffer.alloc(length);
      text.copy(bytes);
      writes.push(...(await planMemoryWrite(space, vaddr, bytes)));
      found.get(name)?.push(pid);
    }
  }
  const absent = [...found].filter(([, pids]) => pids.length === 0).map(([name]) => name);
  if (absent.length > 0) {
    const message = `no process was started with the variable ${absent.join(', ')}, and none can be added`;
    throw checkpointError('ERR_EDIT_ENVIRONMENT', message);
  }
  return { writes, found };
}

interface Variable {
  name: string;
  /** `NAME=value` as it is to be. */
  text: Buffer;
  vaddr: bigint;
  /** Bytes that the old text has. */
  length: number;
}

/** Where the variables stand that are to change; the same name twice is two places. */
async function variablesOf(
  space: AddressSpace,
  values: ReadonlyMap<string, string>,
  options: SignalOptions,
): Promise<Variable[]> {
  const { mmEnvStart: start = 0n, mmEnvEnd: end = 0n } = space.mm ?? {};
  if (end <= start || end - start > BigInt(limits.arguments)) return [];
  const block = Buffer.alloc(Number(end - start));
  const ranges = await space.read(start, block, options);
  const missing = ranges.filter(({ state }) => state === 'absent');
  const places: Variable[] = [];
  for (let at = 0; at < block.length; ) {
    const nul = block.indexOf(0, at);
    const stop = nul < 0 ? block.length : nul;
    const equals = block.indexOf('=', at);
    const name = equals >= at && equals < stop ? block.toString('utf8', at, equals) : '';
    const value = values.get(name);
    const vaddr = start + BigInt(at);
    // A hole reads as NULs: a text beside one is not known whole.
    const whole = !missing.some(
      (range) => range.vaddr <= start + BigInt(stop) && range.vaddr + BigInt(range.bytes) >= vaddr,
    );
    if (value !== undefined && whole) {
      places.push({ name, text: Buffer.from(`${name}=${value}`), vaddr, length: stop - at });
    }
    at = stop + 1;
  }
  return places;
}

function demandVariable(name: string, value: string): void {
  if (name !== '' && !/[=\0]/.test(name) && !value.includes('\0')) return;
  throw checkpointError('ERR_EDIT_ENVIRONMENT', `${JSON.stringify(name)} cannot be set: no name, or a NUL in it`);
}

function noRoom(name: string, pid: number, bytes: number) {
  const message = `the new value of ${name} is ${bytes} bytes longer than the old one of process ${pid} and does not fit`;
  return checkpointError('ERR_EDIT_ENVIRONMENT', message, { details: { name, pid, bytes } });
}
