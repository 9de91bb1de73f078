/**
 * Registers of x86-64 in the layouts of Linux: user_regs_struct, the FXSAVE area, the XSAVE area in its standard form.
 * Sources: Linux asm/user_64.h, Intel SDM volume 1 chapter 13; components where Intel puts them, for gdb knows the layout by
 * the size alone and before version 14 expects no other.
 */
import type { core_entry, user_x86_fpregs_entry, user_x86_xsave_entry } from '@stillframe/criu-image/proto';
import type { CoreMachine } from './machine.ts';
import { type Note, NoteType } from './note.ts';
import { Structure } from './structure.ts';

const EM_X86_64 = 62;

const FXSAVE_BYTES = 512;
/** In the XSAVE area of a core: which components it has room for (XCR0), in bytes that the processor leaves to software. */
const XCR0_OFFSET = 464;

/** Bits of XCR0 and XSTATE_BV. */
const LEGACY = 0b11n;
const AVX = 1n << 2n;
const MPX = 0b11n << 3n;
const AVX512 = 0b111n << 5n;
const PKRU = 1n << 9n;

/** Where a component stands, what it holds, and how long an area is that ends with it. */
interface Component {
  bits: bigint;
  end: number;
  has(xsave: user_x86_xsave_entry): boolean;
  put(area: Structure, xsave: user_x86_xsave_entry): void;
}

const COMPONENTS: readonly Component[] = [
  {
    bits: AVX,
    end: 832,
    has: (x) => x.ymmhSpace.length > 0,
    put: (area, x) => area.seek(576).words32(x.ymmhSpace, 64),
  },
  {
    bits: MPX,
    end: 1088,
    has: (x) => x.bndregState.length > 0,
    put: (area, x) => area.seek(960).words64(x.bndregState, 8).words64(x.bndcsrState, 8),
  },
  {
    bits: AVX512,
    end: 2688,
    has: (x) => x.opmaskReg.length > 0,
    put: (area, x) => area.seek(1088).words64(x.opmaskReg, 8).words64(x.zmmUpper, 64).words64(x.hi16Zmm, 128),
  },
  {
    bits: PKRU,
    end: 2696,
    has: (x) => x.pkru.length > 0,
    put: (area, x) => area.seek(2688).words32(x.pkru, 2),
  },
];

export const x86_64: CoreMachine = {
  name: 'x86-64',
  elfMachine: EM_X86_64,
  registers: generalRegisters,
  notes(core) {
    const fpregs = core.threadInfo?.fpregs;
    if (fpregs === undefined) return [];
    const notes: Note[] = [{ owner: 'CORE', type: NoteType.FPREGSET, content: encodeFxsave(fpregs) }];
    const content = encodeXsave(fpregs);
    return content === undefined ? notes : [...notes, { owner: 'LINUX', type: NoteType.X86_XSTATE, content }];
  },
};

function generalRegisters(core: core_entry): Uint8Array | undefined {
  const r = core.threadInfo?.gpregs;
  if (r === undefined) return undefined;
  const values = [
    ...[r.r15, r.r14, r.r13, r.r12, r.bp, r.bx, r.r11, r.r10, r.r9, r.r8, r.ax, r.cx, r.dx, r.si, r.di, r.origAx],
    ...[r.ip, r.cs, r.flags, r.sp, r.ss, r.fsBase, r.gsBase, r.ds, r.es, r.fs, r.gs],
  ];
  return new Structure(values.length * 8).words64(values, values.length).bytes;
}

function encodeFxsave(f: user_x86_fpregs_entry): Uint8Array {
  const area = new Structure(FXSAVE_BYTES);
  area.u16(f.cwd).u16(f.swd).u16(f.twd).u16(f.fop).u64(f.rip).u64(f.rdp).u32(f.mxcsr).u32(f.mxcsrMask);
  return area.words32(f.stSpace, 32).words32(f.xmmSpace, 64).bytes;
}

/** Undefined where CRIU saved no extended state. */
function encodeXsave(fpregs: user_x86_fpregs_entry): Uint8Array | undefined {
  const { xsave } = fpregs;
  if (xsave === undefined) return undefined;
  const components = COMPONENTS.filter(({ has }) => has(xsave));
  const xcr0 = components.reduce((mask, { bits }) => mask | bits, LEGACY);
  const area = new Structure(components.at(-1)?.end ?? 576);
  area.raw(encodeFxsave(fpregs));
  area.seek(XCR0_OFFSET).u64(xcr0);
  // A bit for a component without room would send a reader past the end.
  area.seek(FXSAVE_BYTES).u64(xsave.xstateBv & xcr0);
  for (const { put } of components) put(area, xsave);
  return area.bytes;
}
