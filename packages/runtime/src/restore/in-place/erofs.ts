/**
 * An EROFS filesystem that holds no data of its own: each of its files is a range of another device, here of the archive. So what
 * lies in an archive can be read under names of its own without being copied (Linux fs/erofs/erofs_fs.h; multiple devices and
 * chunk-based files are in every kernel since 5.16, blocks of 512 bytes since 6.4).
 */

/** One file: `offset` bytes into the device, in whole blocks. */
export interface ErofsFile {
  readonly name: string;
  readonly offset: number;
  /** Bytes, more than none. */
  readonly size: number;
}

const MAGIC = 0xe0f5e1e2;
const SUPERBLOCK = 1024;
/** Device slots are counted in their own size. */
const SLOT = 128;
const FEATURES = { chunked: 0x4, deviceTable: 0x8 };
/** Where inodes begin; the same for each size of block. */
const INODES = 4096;
/** Apart from one another by so much, an inode with its one chunk never lies over a border of blocks. */
const STRIDE = 128;
const NID = 32;
const EXTENDED = 64;
const LAYOUT = { plain: 0, chunked: 4 };
/** A chunk is found by an index of its own, which names the device. */
const INDEXES = 0x20;
const TYPE = { file: 1, folder: 2 };
const DIRENT = 12;
/** The most that a chunk has: so many bits more than a block. */
const CHUNK_BITS = 31;

/** Bits of the largest block that every offset is a multiple of: 12, else 9; undefined where neither. */
export function blockBitsOf(offsets: readonly number[]): number | undefined {
  return [12, 9].find((bits) => offsets.every((offset) => offset % 2 ** bits === 0));
}

/** Whether these files fit: their folder is one block, and a device has 2^32 blocks. */
export function fitsErofs(files: readonly ErofsFile[], blockBits: number): boolean {
  const names = files.reduce((sum, { name }) => sum + DIRENT + Buffer.byteLength(name), 0);
  const own = 2 * DIRENT + '...'.length;
  const ends = files.every(({ offset, size }) => offset + size < 2 ** (32 + blockBits));
  return ends && names + own <= 2 ** blockBits;
}

/** The bytes of the filesystem, whose only other device is the archive. `files` fit, and are at least one. */
export function encodeErofs(files: readonly ErofsFile[], blockBits: number): Uint8Array {
  const block = 2 ** blockBits;
  const folderAt = alignedTo(INODES + (files.length + 1) * STRIDE, block);
  const bytes = Buffer.alloc(folderAt + block);
  writeSuperblock(bytes, blockBits);
  writeFolderInode(bytes, { at: INODES, block: folderAt / block, size: block });
  files.forEach((file, i) => {
    writeFileInode(bytes, INODES + (i + 1) * STRIDE, file, { blockBits, number: i + 2 });
  });
  writeEntries(bytes.subarray(folderAt), files);
  return bytes;
}

function writeSuperblock(bytes: Buffer, blockBits: number): void {
  const at = SUPERBLOCK;
  bytes.writeUInt32LE(MAGIC, at);
  bytes.writeUInt8(blockBits, at + 12);
  // The root's number is 0, as is all else that is not said.
  bytes.writeUInt32LE(bytes.length >> blockBits, at + 36);
  bytes.writeUInt32LE(INODES >> blockBits, at + 40);
  bytes.writeUInt32LE(FEATURES.chunked | FEATURES.deviceTable, at + 80);
  bytes.writeUInt16LE(1, at + 86);
  bytes.writeUInt16LE((SUPERBLOCK + SLOT) / SLOT, at + 88);
}

function writeFolderInode(bytes: Buffer, { at, block, size }: { at: number; block: number; size: number }): void {
  bytes.writeUInt16LE(LAYOUT.plain << 1, at);
  bytes.writeUInt16LE(0o040500, at + 4);
  bytes.writeUInt16LE(2, at + 6);
  bytes.writeUInt32LE(size, at + 8);
  bytes.writeUInt32LE(block, at + 16);
  bytes.writeUInt32LE(1, at + 20);
}

function writeFileInode(
  bytes: Buffer,
  at: number,
  { offset, size }: ErofsFile,
  { blockBits, number }: { blockBits: number; number: number },
): void {
  const chunkBits = Math.min(CHUNK_BITS, Math.max(0, Math.ceil(Math.log2(size)) - blockBits));
  bytes.writeUInt16LE((LAYOUT.chunked << 1) | 1, at);
  bytes.writeUInt16LE(0o100400, at + 4);
  bytes.writeBigUInt64LE(BigInt(size), at + 8);
  bytes.writeUInt32LE(INDEXES | chunkBits, at + 16);
  bytes.writeUInt32LE(number, at + 20);
  bytes.writeUInt32LE(1, at + 44);
  const index = at + EXTENDED;
  // Of the devices beside its own, the first.
  bytes.writeUInt16LE(1, index + 2);
  bytes.writeUInt32LE(offset / 2 ** blockBits, index + 4);
}

/** The folder: entries in the order of their names, then the names. */
function writeEntries(bytes: Buffer, files: readonly ErofsFile[]): void {
  const own = ['.', '..'].map((name) => ({ name: Buffer.from(name), nid: 0, type: TYPE.folder }));
  const others = files.map(({ name }, i) => ({
    ...{ name: Buffer.from(name), type: TYPE.file },
    nid: ((i + 1) * STRIDE) / NID,
  }));
  const entries = [...own, ...others].sort((a, b) => Buffer.compare(a.name, b.name));
  let end = entries.length * DIRENT;
  entries.forEach(({ name, nid, type }, i) => {
    bytes.writeBigUInt64LE(BigInt(nid), i * DIRENT);
    bytes.writeUInt16LE(end, i * DIRENT + 8);
    bytes.writeUInt8(type, i * DIRENT + 10);
    name.copy(bytes, end);
    end += name.length;
  });
}

function alignedTo(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
