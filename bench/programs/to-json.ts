/** All images of a folder as JSON, a line each, in one process: `node to-json.ts FOLDER`. What is content only is left out. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource } from '@stillframe/core';
import { kindOfFile } from '@stillframe/criu-image';
import { imageToJson } from '@stillframe/criu-image/crit';

const folder = process.argv[2] ?? '';
const fail = ({ id, message }: { id: string; message: string }) => {
  throw new Error(`${id}: ${message}`);
};
let text = '';
for (const name of readdirSync(folder).sort()) {
  if (kindOfFile(name)?.kind.form !== 'framed') continue;
  const source = bytesSource(readFileSync(join(folder, name)));
  for await (const piece of imageToJson(source, fail)) text += piece;
  text += '\n';
  if (text.length > 1 << 20) await write(text);
}
await write(text);

async function write(piece: string): Promise<void> {
  text = '';
  if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
}
