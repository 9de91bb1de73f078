/** Where the files of one cgroup are, for version 1, version 2 and both mounted together, and how to read them. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** Reads the files of one cgroup. What cannot be read is undefined or empty: controllers differ from host to host. */
export interface CgroupFolder {
  readonly version: 1 | 2;
  /** A whole file; `controller` matters for version 1 alone. */
  text(controller: string, file: string): Promise<string | undefined>;
  /** A file that holds one number; `max` is undefined. */
  number(controller: string, file: string): Promise<bigint | undefined>;
  /** A file of lines `name number`. */
  table(controller: string, file: string): Promise<ReadonlyMap<string, bigint>>;
  /** A file of version 2, also where version 1 does the accounting. */
  unified(file: string): Promise<string | undefined>;
}

/** The cgroup at `path` (as in `cgroupsPath` of config.json); undefined where it does not exist. */
export async function openCgroup(path: string): Promise<CgroupFolder | undefined> {
  const version = (await exists(join(ROOT, 'cgroup.controllers'))) ? 2 : 1;
  const folder = (controller: string) => join(ROOT, version === 2 ? '' : controller, path);
  if (!(await exists(folder('memory')))) return undefined;
  const read = (file: string) =>
    readFile(file, 'utf8').then(
      (text) => text,
      () => undefined,
    );
  const text = (controller: string, file: string) => read(join(folder(controller), file));
  return {
    version,
    text,
    number: async (controller, file) => numberOf(await text(controller, file)),
    table: async (controller, file) => tableOf(await text(controller, file)),
    unified: (file) => read(join(ROOT, version === 2 ? '' : 'unified', path, file)),
  };
}

const exists = (path: string) => stat(path).then(Boolean, () => false);

/** Undefined for what is no decimal number, `max` among it. */
export function numberOf(text: string | undefined): bigint | undefined {
  const digits = text?.trim() ?? '';
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : undefined;
}

/** The lines `name number` of a file; other lines are left out. */
export function tableOf(text: string | undefined): ReadonlyMap<string, bigint> {
  const rows = (text ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.flatMap(([name = '', value]) => {
      const number = numberOf(value);
      return number === undefined ? [] : [[name, number] as const];
    }),
  );
}
