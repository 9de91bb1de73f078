/** A checkpoint whose container wished its investigators ill: markup, marks that turn text around and escapes in every name. */
import { carriedEntries, openCheckpoint, tarSource, withBodies } from '@stillframe/checkpoint';
import { type ByteSource, bytesSource, readAll } from '@stillframe/core';
import { rewriteImage } from '@stillframe/criu-image';
import { REDIS } from './browser.fixture.ts';

/** What a page must show as text, and how it must look there. */
export const HOSTILE = `"><img src=x onerror=alert(1)>\u202e\u001b[2J<script>alert(2)</script>\u200b\ud800&lt;`;
export const SHOWN = `"><img src=x onerror=alert(1)>\\u202e\\x1b[2J<script>alert(2)</script>\\u200b\ufffd&lt;`;

const MTIME = 1_795_473_539;
/** A file of a time for which no calendar has a date. */
export const FAR = 'far';
const FAR_SECONDS = 9_000_000_000_000n;
const MOST = 64 << 20;

/** The archive, as bytes in memory: no file system would take all of its names. */
export async function hostileArchive(): Promise<ByteSource> {
  await using checkpoint = await openCheckpoint(REDIS);
  const { archive } = checkpoint;
  const bodies = new Map<string, ByteSource>();
  for (const { name, kind } of archive.entries.values()) {
    if (kind !== 'file') continue;
    const body = await bodyOf(name, archive.open(name));
    bodies.set(name, bytesSource(body ?? (await readAll(archive.open(name), { limit: MOST }))));
  }
  const carried = carriedEntries(archive).filter(({ name }) => name !== 'rootfs-diff.tar');
  const changed = { name: HOSTILE.replaceAll('/', '|').toWellFormed(), mode: 0o4755, body: Buffer.from(HOSTILE) };
  const tar = tarSource([changed, { name: FAR, mode: 0o644, body: Buffer.from('far') }], { mtime: MTIME });
  const body = farAway(await readAll(tar, { limit: MOST }));
  const diff = { name: 'rootfs-diff.tar', mode: 0o600, body };
  const source = tarSource([...withBodies(carried, bodies), diff], { mtime: MTIME });
  return bytesSource(await readAll(source, { limit: MOST }));
}

/** With other content; undefined for what stays. */
async function bodyOf(name: string, source: ByteSource): Promise<Uint8Array | undefined> {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (/^core-\d+\.img$/.test(base))
    return rewriteImage('core', source, ({ tc, threadCore }) => {
      if (tc) tc.comm = HOSTILE;
      if (threadCore) threadCore.comm = HOSTILE;
      return true;
    });
  if (base === 'files.img')
    return rewriteImage('files', source, ({ reg }) => {
      if (reg) reg.name = `/${HOSTILE}`;
      return reg !== undefined;
    });
  if (/^pages-\d+\.img$/.test(base)) return hostileMemory(await readAll(source, { limit: MOST }));
  if (name === 'config.dump') {
    const said = JSON.parse(Buffer.from(await readAll(source, { limit: MOST })).toString()) as object;
    return Buffer.from(JSON.stringify({ ...said, name: HOSTILE, rootfsImageName: HOSTILE }));
  }
  return undefined;
}

/** Arguments and variables stand in memory and keep their length. */
function hostileMemory(bytes: Uint8Array): Uint8Array {
  const memory = Buffer.from(bytes);
  for (const [text, other] of [
    ['sleep\u0000100000', '<i>x\u001b\u0000\u202e<b>'],
    ['PATH=/usr/local/sbin:/usr/local/bin', 'PATH=<img src=x onerror=alert(3)>\u202e'],
  ] as const)
    for (let at = memory.indexOf(text); at >= 0; at = memory.indexOf(text, at + 1)) memory.write(other, at);
  return memory;
}

/** Gives the entry `FAR` its time: a number of more digits than its field has octal ones. */
function farAway(bytes: Uint8Array): Uint8Array {
  const tar = Buffer.from(bytes);
  const header = tar.subarray(tar.indexOf(`${FAR}\0`)).subarray(0, 512);
  header.fill(0, 136, 148);
  header[136] = 0x80;
  header.writeBigUInt64BE(FAR_SECONDS, 140);
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return tar;
}
