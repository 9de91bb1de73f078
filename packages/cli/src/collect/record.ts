/** What is known of one archive: its digest, where it has been put, an upload that was begun. A small file, read back with suspicion. */
import { type Digest, isDigest, isObject } from '@stillframe/core';

/** Where an archive was put, as the destination names it. */
export interface Placed {
  /** The destination that was asked. */
  readonly destination: string;
  /** What to fetch it by. */
  readonly reference: string;
  /** RFC 3339. */
  readonly at: string;
}

/** An upload in parts that a destination knows. */
export interface BegunUpload {
  readonly destination: string;
  readonly key: string;
  readonly id: string;
  /** Bytes. */
  readonly partSize: number;
}

export interface ArchiveRecord {
  readonly name: string;
  /** As FoundArchive has it: the record holds for that content alone. */
  readonly version: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly placed?: Placed;
  readonly upload?: BegunUpload;
  /** It was being judged: where this stands at a start, that ended with its process. */
  readonly judging?: true;
}

const KIND = 'CollectedArchive';

/** The text of a record. */
export function encodeRecord(record: ArchiveRecord): string {
  return `${JSON.stringify({ kind: KIND, schemaVersion: 1, ...record })}\n`;
}

/** Undefined for what is none: the archive is then read anew, which loses time alone. */
export function decodeRecord(text: string): ArchiveRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['kind'] !== KIND || value['schemaVersion'] !== 1) return undefined;
  const { name, version, size, digest, placed, upload, judging } = value;
  if (typeof name !== 'string' || typeof version !== 'string' || !isCount(size)) return undefined;
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  const more = judging === true ? ({ judging } as const) : {};
  return { name, version, size, digest, ...placedOf(placed), ...uploadOf(upload), ...more };
}

function placedOf(value: unknown): Pick<ArchiveRecord, 'placed'> {
  const found = textsOf(value, 'destination', 'reference', 'at');
  return found ? { placed: found } : {};
}

function uploadOf(value: unknown): Pick<ArchiveRecord, 'upload'> {
  const found = textsOf(value, 'destination', 'key', 'id');
  const partSize = isObject(value) ? value['partSize'] : undefined;
  return found && isCount(partSize) ? { upload: { ...found, partSize } } : {};
}

function textsOf<const N extends string>(value: unknown, ...names: readonly N[]): Record<N, string> | undefined {
  if (!isObject(value) || names.some((name) => typeof value[name] !== 'string')) return undefined;
  return Object.fromEntries(names.map((name) => [name, value[name]])) as Record<N, string>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
