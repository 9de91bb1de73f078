/** What a container has written, from its CRI log: lines of `time stream tag text`. */
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** The texts of a CRI log (`time stream tag text`), the last `most` lines; partial lines are joined. `from`: byte that a line begins with. */
export async function readLog(path: string, most = Number.POSITIVE_INFINITY, from = 0): Promise<string[]> {
  await using file = await open(path, 'r');
  const lines: string[] = [];
  let partial = '';
  for await (const line of createInterface({
    input: file.createReadStream({ start: from }),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const [, , tag = 'F', ...words] = line.split(' ');
    partial += words.join(' ');
    if (tag !== 'F') continue;
    lines.push(partial);
    partial = '';
    if (lines.length > most) lines.shift();
  }
  return lines;
}

/** Bytes at the end of a log that are gone through for its last lines. */
const END = 256 << 10;

/** The last lines of a log of any size, and whether there are earlier ones. Nothing where it is not there yet. */
export async function readLogEnd(path: string, most: number): Promise<{ lines: string[]; isCut: boolean }> {
  const from = await lineWithin(path);
  if (from === undefined) return { lines: [], isCut: false };
  const lines = await readLog(path, most + 1, from);
  return { lines: lines.slice(-most), isCut: from > 0 || lines.length > most };
}

/** Where the first whole line of the log's end begins. */
async function lineWithin(path: string): Promise<number | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size <= END) return 0;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(END), 0, END, size - END);
    const end = buffer.subarray(0, bytesRead).indexOf('\n');
    return end < 0 ? size : size - END + end + 1;
  } finally {
    await file.close();
  }
}
