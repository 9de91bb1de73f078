/** Filesystems in memory for volumes: mounted, found and taken away again. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Mounts an empty tmpfs of at most `size` bytes, half of the machine's memory by default. */
export async function mountMemory(folder: string, size: number | undefined): Promise<void> {
  const options = ['mode=0777', ...(size === undefined ? [] : [`size=${size}`])].join(',');
  await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
}

/** Mount points at or below `folder`, the innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter(Boolean);
  const points = lines.map((line) =>
    // Space, tab, newline and backslash stand as three octal digits (proc(5)).
    (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_all, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    ),
  );
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).toReversed();
}

/** Takes away every mount at or below `folder`. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of await mountsBelow(folder)) await run('umount', ['--lazy', point]);
}
