/** Finding and running programs for the set-up: no dependencies, Node.js 18 or later. All output goes to stderr. */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders of system programs, which a plain user's or sudo's PATH often lacks. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** PATH with the system folders at its end. */
export function fullPath() {
  const given = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...new Set(process.platform === 'win32' ? given : [...given, ...SYSTEM_FOLDERS])].join(delimiter);
}

/** The path of an executable file called `name`, or undefined. */
export function find(name) {
  return fullPath()
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Whether `path` is a file that may be executed. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Runs a program to its end and gives its code (null where it could not be started or was killed) and its text. */
export function quietly(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  const text = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  return { code: result.status, stdout: result.stdout ?? '', text: text || (result.error?.message ?? '') };
}

/** Runs a program with both its streams on our stderr, and gives its code. */
export function loudly(program, args, options = {}) {
  return spawnSync(program, args, { stdio: ['ignore', 2, 2], ...options }).status ?? 1;
}

/** Writes one line of the set-up's own. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Whether an ELF64 little-endian program needs no interpreter (has no PT_INTERP header), so runs in an empty root. */
export function isStatic(path) {
  const head = Buffer.alloc(4096);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return false;
  const start = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  for (let index = 0; index < head.readUInt16LE(56); index += 1) {
    const at = start + index * size;
    if (at + 4 > head.length) return false;
    if (head.readUInt32LE(at) === 3) return false;
  }
  return true;
}
