/** For tests: an image set of one made-up process, of given VMAs, pages and threads. */
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { bytesSource } from '@stillframe/core';
import { type ImageSet, openImageSet, VmaStatus } from '@stillframe/criu-image';
import {
  core_entry_march,
  core_entrySchema,
  file_entrySchema,
  mm_entrySchema,
  pagemap_entrySchema,
  pagemap_headSchema,
  pstree_entrySchema,
  vma_entrySchema,
} from '@stillframe/criu-image/proto';

export const PID = 7;
export const PAGE = 4096;

export interface MadeVma {
  start: bigint;
  end: bigint;
  status?: number;
  prot?: number;
  pgoff?: bigint;
  shmid?: bigint;
}

export interface MadeProcess {
  /** Undefined: there is no mm image; where there are no pages either, no pagemap, as of a dead process. */
  vmas: readonly MadeVma[] | undefined;
  /** Captured pages of the process: where they begin, and how many. Page n of the file is filled with n + 1. */
  pages?: readonly (readonly [vaddr: bigint, count: number])[];
  /** Captured pages of segments of shared memory, by their id; the address is the offset. */
  shared?: Readonly<Record<number, readonly (readonly [offset: bigint, count: number])[]>>;
  /** Core images by thread; that of an x86-64 main thread where it is not given. */
  cores?: Readonly<Record<number, CoreInit>>;
  /** All threads of the process; those of `cores` where it is not given. */
  tids?: readonly number[];
  /** Paths of regular files by id. */
  files?: Readonly<Record<number, string>>;
}

export type CoreInit = MessageInitShape<typeof core_entrySchema>;
type X86 = NonNullable<NonNullable<CoreInit['threadInfo']>>;

/** A core image of an x86-64 thread whose registers are 1, 2, 3… in the order of the message. */
export function x86Core(
  more: { fpregs?: NonNullable<X86['fpregs']>; tc?: CoreInit['tc']; threadCore?: CoreInit['threadCore'] } = {},
): CoreInit {
  const names = [
    'r15',
    'r14',
    'r13',
    'r12',
    'bp',
    'bx',
    'r11',
    'r10',
    'r9',
    'r8',
    'ax',
    'cx',
    'dx',
    'si',
    'di',
    'origAx',
  ];
  names.push('ip', 'cs', 'flags', 'sp', 'ss', 'fsBase', 'gsBase', 'ds', 'es', 'fs', 'gs');
  const gpregs = Object.fromEntries(names.map((name, index) => [name, BigInt(index + 1)]));
  const { fpregs = {}, ...rest } = more;
  return { mtype: core_entry_march.X86_64, threadInfo: { clearTidAddr: 0n, gpregs, fpregs }, ...rest };
}

export function madeSet(made: MadeProcess): ImageSet {
  const files = new Map<string, Uint8Array>();
  const cores = made.cores ?? { [PID]: x86Core() };
  const threads = [...(made.tids ?? Object.keys(cores).map(Number))];
  files.set(
    'pstree.img',
    image(0x50273030, [frame(pstree_entrySchema, { pid: PID, ppid: 1, pgid: 5, sid: 4, threads })]),
  );
  for (const [tid, core] of Object.entries(cores))
    files.set(`core-${tid}.img`, image(0x55053847, [frame(core_entrySchema, core)]));
  if (made.vmas !== undefined) files.set(`mm-${PID}.img`, image(0x57492820, [mmFrame(made.vmas)]));
  if (made.vmas !== undefined || made.pages !== undefined) putPages(files, `pagemap-${PID}.img`, 1, made.pages ?? []);
  for (const [shmid, pages] of Object.entries(made.shared ?? {})) {
    putPages(files, `pagemap-shmem-${shmid}.img`, 100 + Number(shmid), pages);
  }
  const entries = Object.entries(made.files ?? {}).map(([id, name]) =>
    frame(file_entrySchema, { type: 1, id: Number(id), reg: { id: Number(id), name } }),
  );
  files.set('files.img', image(0x56303138, entries));
  return openImageSet({
    names: () => files.keys(),
    open: (name) => {
      const bytes = files.get(name);
      return bytes && bytesSource(bytes);
    },
  });
}

function vmaOf({
  start,
  end,
  status = VmaStatus.ANON_PRIVATE,
  prot = 3,
  pgoff = 0n,
  shmid = 0n,
}: MadeVma): MessageInitShape<typeof vma_entrySchema> {
  return { start, end, pgoff, shmid, prot, flags: 2, status: status | VmaStatus.REGULAR, fd: -1n };
}

function putPages(
  files: Map<string, Uint8Array>,
  name: string,
  id: number,
  pages: readonly (readonly [bigint, number])[],
): void {
  const entries = pages.map(([vaddr, count]) =>
    frame(pagemap_entrySchema, { vaddr, compatNrPages: 0, nrPages: BigInt(count), flags: 4 }),
  );
  files.set(name, image(0x56084025, [frame(pagemap_headSchema, { pagesId: id }), ...entries]));
  const bytes = Buffer.alloc(pages.reduce((sum, [, count]) => sum + count, 0) * PAGE);
  for (let page = 0; page * PAGE < bytes.length; page += 1) bytes.fill(page + 1, page * PAGE, (page + 1) * PAGE);
  files.set(`pages-${id}.img`, bytes);
}

/** A message with its length. Fields that CRIU requires and the test does not give read as what they are without. */
export function frame<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  const message = create(schema, init);
  complete(reflect(schema, message));
  return framed(toBinary(schema, message));
}

/** The VMAs are put behind the rest by hand: hundreds of thousands of them must not take seconds. */
function mmFrame(vmas: readonly MadeVma[]): Uint8Array {
  const mm = create(mm_entrySchema);
  complete(reflect(mm_entrySchema, mm));
  const parts = vmas.flatMap((vma) => {
    const bytes = toBinary(vma_entrySchema, create(vma_entrySchema, vmaOf(vma)));
    // Field 14; a VMA is always shorter than 128 bytes.
    return [Uint8Array.of((14 << 3) | 2, bytes.length), bytes];
  });
  return framed(Buffer.concat([toBinary(mm_entrySchema, mm), ...parts]));
}

function framed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([words(bytes.length), bytes]);
}

/** Gives every required field that is not set the value it reads as. */
function complete(message: ReflectMessage): void {
  for (const field of message.fields) {
    const required = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED && !message.isSet(field);
    if (field.fieldKind === 'message' && (required || message.isSet(field))) {
      const inner = message.get(field);
      complete(inner);
      message.set(field, inner);
    } else if (field.fieldKind === 'list' && field.listKind === 'message') {
      for (const item of message.get(field)) if (isReflectMessage(item)) complete(item);
    } else if (required) message.set(field, message.get(field));
  }
}

/** An image of version 1.1: both magics, then the parts. */
export function image(magic: number, parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([words(0x54564319, magic), ...parts]);
}

function words(...values: number[]): Uint8Array {
  return Buffer.from(Uint32Array.from(values).buffer);
}
