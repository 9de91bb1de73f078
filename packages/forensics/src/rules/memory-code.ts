/** Executable memory that is in no file. */
import type { Tables } from '../analysers/index.ts';
import type { MappingRow } from '../analysers/mappings.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity, Suspicion } from '../finding.ts';
import { makesCode } from '../program/jit.ts';
import { processText } from '../program/program.ts';
import { mappingsOf } from '../program/rows.ts';
import type { EvidenceReference } from '../reference.ts';
import type { Rule } from './rule.ts';

const WRITE = 2;
const EXECUTE = 4;
/** References of one finding. */
const SHOWN = 20;

const ELF = [0x7f, 0x45, 0x4c, 0x46];

/** What the first bytes of injected code often are. x86-64 and i386: prologues, calls of the kernel; AArch64: prologues. */
const CODE: readonly RegExp[] = [
  // push rbp; mov rbp, rsp, perhaps behind endbr64; push of saved registers; sub rsp.
  /^(?:\xf3\x0f\x1e[\xfa\xfb])?(?:\x55\x48\x89\xe5|\x55\x48\x8b\xec|\x55\x89\xe5|\x41[\x54-\x57]|\x53\x48|\x48\x83\xec|\x48\x81\xec)/s,
  // Shellcode: zeroing, then syscall or int 0x80 near.
  /^(?:\x90{4}|\x48\x31[\xc0\xd2\xf6\xff]|\x31[\xc0\xd2\xdb\xf6\xff]|\x6a[\x00-\x7f]\x58|\xeb[\x00-\x7f]|\xe8....|\xfc\x48|\x50\x53\x51\x52|\x9c\x50).{0,56}?(?:\x0f\x05|\xcd\x80|\x5e|\xff[\xd0-\xd7\xe0-\xe7])/s,
  // stp x29, x30, [sp, #-n]!; bti c; pacibsp.
  /^(?:\x5f\x24\x03\xd5|\x3f\x23\x03\xd5|\x7f\x23\x03\xd5)?\xfd\x7b[\x80-\xbf]\xa9/s,
];
/** A call of the kernel anywhere in it: syscall, int 0x80, svc #0. */
const KERNEL_CALL = /\x0f\x05|\xcd\x80|\x01\x00\x00\xd4/s;

type Content = 'elf' | 'code' | 'unknown' | 'empty';

/** What the head of a mapping looks like. */
export function contentOf(head: Uint8Array | undefined): Content {
  if (head === undefined || head.length === 0) return 'empty';
  if (ELF.every((byte, index) => head[index] === byte)) return 'elf';
  const text = Buffer.from(head).toString('latin1');
  return KERNEL_CALL.test(text) || CODE.some((each) => each.test(text)) ? 'code' : 'unknown';
}

const WORDS: Readonly<Record<Content, string>> = {
  elf: 'it begins with the header of a program',
  code: 'it begins like code',
  unknown: 'what it begins with is not recognised',
  empty: 'nothing of it was captured',
};

function mappingReference({ pid, start, end }: MappingRow): EvidenceReference {
  return { kind: 'mapping', pid, start, end };
}

/** One finding for all such mappings of a process, the most telling first. */
function findingOf(
  process: ProcessRow,
  rows: readonly MappingRow[],
  severityOf: (content: Content) => Severity | undefined,
): Suspicion | undefined {
  const rank: Content[] = ['elf', 'code', 'unknown', 'empty'];
  const known = rows.map((row) => ({ row, content: contentOf(row.head) }));
  known.sort((a, b) => rank.indexOf(a.content) - rank.indexOf(b.content));
  const [worst, ...more] = known;
  if (worst === undefined) return undefined;
  const { row, content } = worst;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  const kind = (row.prot & WRITE) === 0 ? 'executable' : 'writable and executable';
  return {
    summary: `${processText(process)} has ${kind} memory (${row.backing}, ${row.end - row.start} bytes at 0x${row.start.toString(16)}${others}): ${WORDS[content]}`,
    references: [mappingReference(row), ...more.slice(0, SHOWN - 1).map((each) => mappingReference(each.row))],
    severity: severityOf(content),
    details: {
      mappings: rows.length,
      content,
      begins: Buffer.from(row.head ?? []).toString('hex'),
      captured: row.captured.toString(),
    },
  };
}

/** A program that asked for it, or is so old that all readable memory of it can be run (READ_IMPLIES_EXEC). */
function runsAllMemory(rows: readonly MappingRow[]): boolean {
  return ['stack', 'heap'].every((backing) =>
    rows.some((row) => row.backing === backing && (row.prot & EXECUTE) !== 0),
  );
}

/** The mappings of a process with the header of a program before them count with what follows. */
function withHeaders(rows: readonly MappingRow[]): readonly MappingRow[] {
  return rows.map((row, index) => {
    const before = rows[index - 1];
    const isHeader = before?.end === row.start && contentOf(before.head) === 'elf';
    return isHeader && row.anonymousCode ? { ...row, head: before?.head } : row;
  });
}

function* judgeMappings(
  tables: Tables,
  chosen: (row: MappingRow) => boolean,
  severityOf: (content: Content) => Severity | undefined,
): Generator<Suspicion> {
  for (const process of tables.processes) {
    const rows = mappingsOf(tables, process.pid);
    if (!rows.some(chosen) || runsAllMemory(rows)) continue;
    const known = makesCode(tables, process);
    // Compilers make code, but no headers of programs.
    const odd = withHeaders(rows).filter((row) => chosen(row) && (!known || contentOf(row.head) === 'elf'));
    const found = findingOf(process, odd, severityOf);
    if (found) yield found;
  }
}

const isPlain = ({ backing }: MappingRow) => backing !== 'stack' && backing !== 'heap';

export const memoryExecutableAnonymous: Rule = {
  id: 'memory-executable-anonymous',
  title: 'code that is in no file',
  severity: 'medium',
  techniques: ['T1055', 'T1620'],
  why: 'Code that was written into memory, by the process or by another, is not in any file that could be looked at. So runs what was injected and what was loaded without a file.',
  benign:
    'A just-in-time compiler: those of languages and of regular expressions are known, others not; a program that was packed unpacks itself so.',
  *judge(tables) {
    yield* judgeMappings(
      tables,
      (row) => row.anonymousCode && (row.prot & WRITE) === 0 && isPlain(row),
      (content) => (content === 'elf' || content === 'code' ? 'high' : content === 'empty' ? 'low' : undefined),
    );
  },
};

export const memoryWritableExecutable: Rule = {
  id: 'memory-writable-executable',
  title: 'memory that can be written and run',
  severity: 'medium',
  techniques: ['T1055', 'T1620'],
  why: 'Compilers and loaders keep what can be written apart from what can be run. Memory that is both is where shellcode is put, and what makes it easy.',
  benign: 'Just-in-time compilers that are not known here, and programs with relocations in their code.',
  *judge(tables) {
    yield* judgeMappings(
      tables,
      (row) => (row.prot & WRITE) !== 0 && (row.prot & EXECUTE) !== 0 && isPlain(row),
      (content) => (content === 'elf' || content === 'code' ? 'high' : undefined),
    );
  },
};

export const memoryStackExecutable: Rule = {
  id: 'memory-stack-or-heap-executable',
  title: 'stack or heap can be run',
  severity: 'medium',
  techniques: ['T1055'],
  why: 'Nothing that a compiler makes today runs on the stack or the heap; exploits of overflows do, or make it so by mprotect.',
  benign:
    'Programs with assembly that does not say otherwise, closures of GCC, and old ones for which the kernel makes all memory executable (`low`).',
  *judge(tables) {
    for (const process of tables.processes) {
      const rows = mappingsOf(tables, process.pid);
      const found = rows.filter((row) => !isPlain(row) && (row.prot & EXECUTE) !== 0);
      const isHeap = found.some(({ backing }) => backing === 'heap');
      const isWhole = runsAllMemory(rows);
      if (found.length === 0 || (!isWhole && isHeap && makesCode(tables, process))) continue;
      const finding = findingOf(process, found, (content) => {
        if (isWhole) return 'low';
        return isHeap && (content === 'elf' || content === 'code') ? 'high' : undefined;
      });
      if (finding) yield finding;
    }
  },
};
