/** Index of a tar archive as a pure state machine: it is given blocks and says which bytes it wants next. No I/O. */
import { type Diagnostic, Diagnostics, limits } from '@stillframe/core';
import { checkpointError } from '../errors.ts';
import { type ArchiveEntry, type EntryKind, isExpected, namesRoot, normaliseName } from './tar-entry.ts';
import { deviceOf, mtimeOf, ownerOf, sizeOf, textRecord, xattrsOf } from './tar-facts.ts';
import { BLOCK, decodeTarHeader, paddedSize, type TarHeader } from './tar-header.ts';
import { decodePax, type PaxRecords } from './tar-pax.ts';

/** What the indexer wants: the block at `offset`, an extension's body first, or nothing more. */
export type Step =
  | { kind: 'block'; offset: number }
  | { kind: 'extension'; offset: number; size: number }
  | { kind: 'end' };

/** Why an index does not reach the end-of-archive mark. */
export type IndexFault = 'truncated' | 'damaged';

/** What an archive holds, as far as it could be read. */
export interface TarIndex {
  /** By normalised name; the last of a name wins. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the archive ends: after the end mark, or where reading stopped. What follows belongs to nobody. */
  readonly endOffset: number;
  /** Headers seen, also of entries that were refused. */
  readonly headers: number;
  /** Undefined for a whole archive. */
  readonly fault: IndexFault | undefined;
}

/** Options of TarIndexer. */
export interface IndexerOptions {
  /** Bytes of the archive. */
  size: number;
  /** Name used as the source of diagnostics. */
  label?: string | undefined;
  /** `filesystem` for a tree such as rootfs-diff.tar, in which links and devices are nothing to remark on. */
  role?: 'archive' | 'filesystem' | undefined;
  /** Headers allowed, limits.archiveEntries by default. */
  entryLimit?: number | undefined;
}

const KINDS: Readonly<Record<string, EntryKind>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'fifo',
  S: 'sparse',
};
/** Kinds without a body: Go's reader, which the engines use, takes their size as 0 whatever the header says. */
const BODILESS: ReadonlySet<EntryKind> = new Set(['link', 'symlink', 'device', 'folder', 'fifo']);
/** Characters of names kept over a whole index. */
const NAMES = 256 << 20;
/** Keys that would rename or resize every later entry; Go's reader ignores them in a global header, and so do we. */
const NOT_GLOBAL = ['path', 'linkpath', 'size'];

/** Feed it with `accept` and `acceptExtension` as each step asks, beginning with the block at 0. */
export class TarIndexer {
  readonly #options: IndexerOptions;
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #diagnostics = new Diagnostics();
  #headers = 0;
  #nameUnits = 0;
  #endOffset = 0;
  #fault: IndexFault | undefined;
  #zeroes = 0;
  #global: PaxRecords = new Map();
  #local: PaxRecords | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;
  #pendingType = '';
  #sparse: TarHeader | undefined;
  #sparseStart = 0;

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  /**
   * Takes the block at `offset`; fewer than 512 bytes mean that the archive ends there.
   * Throws ERR_ARCHIVE_LIMIT_EXCEEDED for more entries or names than limits allow.
   */
  accept(block: Uint8Array, offset: number): Step {
    this.#endOffset = offset;
    if (block.length < BLOCK) return this.#sourceEnded(offset);
    if (this.#sparse) return this.#sparseMap(block, offset);
    const decoded = decodeTarHeader(block);
    if (decoded.kind === 'zero') return this.#zeroBlock(offset);
    if (decoded.kind === 'invalid') return this.#stop('damaged', 'tar-header-invalid', offset, decoded.reason);
    if (this.#zeroes > 0) {
      this.#zeroes = 0;
      this.#note('warning', 'tar-lone-zero-block', offset, 'a single zero block stands between entries');
    }
    this.#headers += 1;
    const most = this.#options.entryLimit ?? limits.archiveEntries;
    if (this.#headers > most) throw tooMany(`more than ${most} entries`);
    const { header } = decoded;
    if ('xgLK'.includes(header.type)) return this.#extensionHeader(header, offset);
    if (header.type === 'S' && block[482] !== 0) {
      this.#sparse = header;
      this.#sparseStart = offset;
      return { kind: 'block', offset: offset + BLOCK };
    }
    return this.#entry(header, offset, offset + BLOCK);
  }

  /** Takes the body that an `extension` step asked for; says what comes after it. */
  acceptExtension(bytes: Uint8Array, offset: number): Step {
    const type = this.#pendingType;
    if (type === 'L' || type === 'K') {
      const end = bytes.indexOf(0);
      const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
      if (type === 'L') this.#longName = name;
      else this.#longLink = name;
    } else {
      const { records, fault } = decodePax(bytes);
      if (fault !== undefined) this.#note('warning', 'tar-pax-invalid', offset, fault);
      if (type === 'x') this.#local = records;
      else this.#acceptGlobal(records, offset);
    }
    return { kind: 'block', offset: offset + paddedSize(bytes.length) };
  }

  /** The index so far; whole once a step said `end`. */
  result(): TarIndex {
    return {
      entries: this.#entries,
      diagnostics: this.#diagnostics.list,
      endOffset: Math.min(this.#endOffset, this.#options.size),
      headers: this.#headers,
      fault: this.#fault,
    };
  }

  #zeroBlock(offset: number): Step {
    this.#zeroes += 1;
    this.#endOffset = offset + BLOCK;
    if (this.#zeroes < 2) return { kind: 'block', offset: offset + BLOCK };
    if (this.#longName !== undefined || this.#local) {
      this.#note('warning', 'tar-extension-dangling', offset, 'an extension header has no entry after it');
    }
    return { kind: 'end' };
  }

  #sourceEnded(offset: number): Step {
    if (this.#zeroes > 0) {
      this.#note('info', 'tar-lone-zero-block', offset, 'the archive ends with one zero block instead of two');
      return { kind: 'end' };
    }
    return this.#stop('truncated', 'archive-truncated', offset, 'the archive ends without an end mark');
  }

  #extensionHeader(header: TarHeader, offset: number): Step {
    if (header.size < 0n || header.size > BigInt(limits.tarExtension)) {
      const message = `an extension header claims ${header.size} bytes`;
      return this.#stop('damaged', 'tar-extension-too-large', offset, message);
    }
    const size = Number(header.size);
    const start = offset + BLOCK;
    if (start + size > this.#options.size) {
      return this.#stop('truncated', 'archive-truncated', offset, 'the archive ends inside an extension header');
    }
    this.#pendingType = header.type;
    return { kind: 'extension', offset: start, size };
  }

  #acceptGlobal(records: PaxRecords, offset: number): void {
    const kept = new Map(records);
    for (const key of NOT_GLOBAL) {
      if (kept.delete(key)) {
        this.#note('warning', 'tar-pax-global-ignored', offset, `a global header sets ${key} for all entries; ignored`);
      }
    }
    this.#global = new Map([...this.#global, ...kept]);
  }

  /** GNU sparse files carry further blocks of their map between header and body; byte 504 says whether one more comes. */
  #sparseMap(block: Uint8Array, offset: number): Step {
    const header = this.#sparse;
    if (!header || block[504] !== 0) return { kind: 'block', offset: offset + BLOCK };
    this.#sparse = undefined;
    return this.#entry(header, this.#sparseStart, offset + BLOCK);
  }

  #entry(header: TarHeader, headerOffset: number, start: number): Step {
    const plain = !this.#local && this.#global.size === 0;
    const records: PaxRecords = plain ? this.#global : new Map([...this.#global, ...(this.#local ?? [])]);
    const sparse = header.type === 'S' || [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
    const rawName = this.#longName ?? records.get('GNU.sparse.name') ?? textRecord(records, 'path') ?? header.name;
    const linkName = this.#longLink ?? textRecord(records, 'linkpath') ?? header.linkName;
    this.#local = this.#longName = this.#longLink = undefined;

    // v7 archives know no folder type: a trailing slash says it.
    const folder = header.type === '0' && rawName.endsWith('/');
    const kind = folder ? 'folder' : sparse ? 'sparse' : (KINDS[header.type] ?? 'unknown');
    const claimed = sizeOf(header, records);
    if (claimed === undefined || claimed < 0n) {
      return this.#stop('damaged', 'tar-size-invalid', headerOffset, 'an entry has an impossible size');
    }
    const bodiless = BODILESS.has(kind);
    if (bodiless && claimed > 0n) {
      this.#note('warning', 'tar-size-ignored', headerOffset, `a ${kind} claims a body of ${claimed} bytes`);
    }
    const left = Math.max(0, this.#options.size - start);
    const cut = !bodiless && claimed > BigInt(left);
    const size = bodiless ? 0 : cut ? left : Number(claimed);
    this.#keep(rawName, {
      kind,
      size,
      offset: start,
      headerOffset,
      mode: header.mode,
      mtime: mtimeOf(header, records),
      owner: ownerOf(header, records),
      ...(kind === 'device' ? { device: deviceOf(header) } : {}),
      ...xattrsOf(records),
      ...(linkName !== '' && (kind === 'link' || kind === 'symlink') ? { linkName } : {}),
      ...(cut ? { truncated: true as const } : {}),
    });
    if (cut) {
      const message = `an entry claims ${claimed} bytes where ${left} are left`;
      return this.#stop('truncated', 'archive-truncated', headerOffset, message);
    }
    return { kind: 'block', offset: start + paddedSize(size) };
  }

  #keep(rawName: string, facts: Omit<ArchiveEntry, 'name'>): void {
    const { headerOffset: at, kind } = facts;
    const name = normaliseName(rawName);
    if (name === undefined) {
      if (!namesRoot(rawName)) {
        this.#note(
          'error',
          'tar-name-unsafe',
          at,
          `entry ${JSON.stringify(rawName.slice(0, 200))} would leave the archive`,
        );
      }
      return;
    }
    const earlier = this.#entries.get(name);
    if (earlier && !(earlier.kind === 'folder' && kind === 'folder')) {
      this.#note(
        'warning',
        'tar-entry-duplicate',
        at,
        `${JSON.stringify(name.slice(0, 200))} occurs twice; the last counts`,
      );
    }
    this.#nameUnits += name.length + (facts.linkName?.length ?? 0);
    if (this.#nameUnits > NAMES) throw tooMany('names of more than 256 MiB together');
    this.#entries.set(name, { name, ...facts });
    if (kind === 'sparse' || kind === 'unknown') {
      this.#note(
        'warning',
        'tar-entry-unsupported',
        at,
        `${JSON.stringify(name.slice(0, 200))} is of a kind not read here`,
      );
    } else if (this.#options.role !== 'filesystem' && !isExpected(name, kind)) {
      this.#note(
        'warning',
        'tar-entry-not-file',
        at,
        `${JSON.stringify(name.slice(0, 200))} is a ${kind}; never opened`,
      );
    }
  }

  #stop(fault: IndexFault, id: string, offset: number, message: string): Step {
    this.#fault = fault;
    this.#note('error', id, offset, message);
    return { kind: 'end' };
  }

  #note(severity: Diagnostic['severity'], id: string, offset: number, message: string): void {
    this.#diagnostics.add({ id, severity, source: this.#options.label ?? 'archive', offset, message });
  }
}

function tooMany(what: string) {
  return checkpointError('ERR_ARCHIVE_LIMIT_EXCEEDED', `the archive holds ${what}`);
}
