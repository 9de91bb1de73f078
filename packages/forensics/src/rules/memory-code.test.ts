import { anonymousCode, mappingRow, ruleCases, running } from './cases.fixture.ts';
import { memoryExecutableAnonymous, memoryStackExecutable, memoryWritableExecutable } from './memory-code.ts';

const SHELLCODE = '554889e54883ec20b8220000000f05ebf7';
const DATA = '11223344556677889900aabbccddeeff';
const ELF = '7f454c4602010100';
const server = running(['/usr/sbin/server']);
const node = running(['node', 'app.js'], { path: '/usr/local/bin/node' });

ruleCases(
  memoryExecutableAnonymous,
  {
    'what begins like code': { rows: { processes: [server], mappings: [anonymousCode(SHELLCODE)] }, severity: 'high' },
    'what is not recognised, less bad': {
      rows: { processes: [server], mappings: [anonymousCode(DATA)] },
      severity: 'medium',
    },
    'what was not captured, hardly bad': {
      rows: { processes: [server], mappings: [anonymousCode('')] },
      severity: 'low',
    },
    'a program that was loaded without a file, by its header before the code': {
      rows: {
        processes: [node],
        mappings: [
          mappingRow({ start: 0x1000n, end: 0x2000n, prot: 1, backing: 'anonymous', head: Buffer.from(ELF, 'hex') }),
          anonymousCode(DATA, { start: 0x2000n, end: 0x3000n }),
        ],
      },
      severity: 'high',
      says: /header of a program/,
    },
    'code of AArch64': {
      rows: { processes: [server], mappings: [anonymousCode('fd7bbfa9fd030091')] },
      severity: 'high',
    },
  },
  {
    'compilers of languages': {
      processes: [node, running(['java'], { pid: 2 }), running(['/usr/bin/qemu-x86_64'], { pid: 3 })],
      mappings: [1, 2, 3].map((pid) => anonymousCode(SHELLCODE, { pid })),
    },
    'nginx with regular expressions, Python with foreign functions, PostgreSQL with LLVM': {
      processes: [running(['nginx']), running(['python3'], { pid: 2 }), running(['postgres'], { pid: 3 })],
      mappings: [
        ...[1, 2, 3].map((pid) => anonymousCode(SHELLCODE, { pid })),
        mappingRow({ backing: '/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2' }),
        mappingRow({ pid: 2, backing: '/usr/lib/libffi.so.8.1.4' }),
        mappingRow({ pid: 3, backing: '/usr/lib/postgresql/16/lib/llvmjit.so' }),
      ],
    },
    'ordinary code': { processes: [server], mappings: [mappingRow()] },
  },
);

ruleCases(
  memoryWritableExecutable,
  {
    shellcode: { rows: { processes: [server], mappings: [anonymousCode(SHELLCODE, { prot: 7 })] }, severity: 'high' },
    'a library that can be written': {
      rows: { processes: [server], mappings: [mappingRow({ prot: 7 })] },
      severity: 'medium',
    },
  },
  {
    'the code cache of Java': {
      processes: [running(['java'])],
      mappings: [anonymousCode(SHELLCODE, { prot: 7 })],
    },
    'what can only be run': { processes: [server], mappings: [anonymousCode(SHELLCODE)] },
  },
);

const stack = anonymousCode('', { backing: 'stack', prot: 7 });
const heap = anonymousCode(SHELLCODE, { backing: 'heap', prot: 7 });

ruleCases(
  memoryStackExecutable,
  {
    'a stack': { rows: { processes: [server], mappings: [stack] }, severity: 'medium' },
    'code on the heap': { rows: { processes: [server], mappings: [heap] }, severity: 'high' },
    'an old program, hardly bad': { rows: { processes: [server], mappings: [stack, heap] }, severity: 'low' },
  },
  {
    'a stack and a heap that cannot': {
      processes: [server],
      mappings: [mappingRow({ backing: 'stack', prot: 3 }), mappingRow({ backing: 'heap', prot: 3 })],
    },
  },
);
