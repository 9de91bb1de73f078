/** Seccomp filters: read, named and judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { core_entry_march } from '@stillframe/criu-image/proto';
import fc from 'fast-check';
import { openCheckpoint } from '../../checkpoint.ts';
import { madeSet } from '../../elf-core/made-set.fixture.ts';
import { bpf, programOf, seccompImage, withImages } from '../made-task.fixture.ts';
import { syscallName } from '../syscalls.ts';
import { annotate } from './annotate.ts';
import { readSeccompFilters } from './filters.ts';
import { decodeProgram, type Instruction } from './instruction.ts';
import { verdictsOf } from './verdicts.ts';

const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const AARCH64 = 0xc00000b7;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const KILL = 0x80000000;

const { load, equal, atLeast, answer } = bpf;

/** Refuses openat to both machines, ptrace to x86-64 with a first argument of 16, and kills x32. */
const PROGRAM = programOf(
  load(4),
  equal(I386, 0, 3),
  load(0),
  equal(295, 9, 0),
  answer(ALLOW),
  equal(X86_64, 0, 6),
  load(0),
  atLeast(0x40000000, 4, 0),
  equal(257, 4, 0),
  equal(101, 0, 4),
  load(16),
  equal(16, 1, 2),
  answer(KILL),
  answer(EPERM),
  answer(ALLOW),
);

async function filtersOf(...filters: Parameters<typeof seccompImage>) {
  const images = withImages(madeSet({ vmas: undefined }), { 'seccomp.img': await seccompImage(...filters) });
  return { images, filters: await readSeccompFilters(images, core_entry_march.X86_64) };
}

test('calls, machines, arguments and answers have their names in the disassembly', async () => {
  const { filters } = await filtersOf({ filter: PROGRAM });
  const lines = filters.disassemble(0).map(({ index, text, comment }) => `${index} ${text} ; ${comment ?? ''}`.trim());
  assert.deepEqual(lines, [
    '0 ld [4] ; arch',
    '1 jeq #0x40000003, 2, 5 ; x86',
    '2 ld [0] ; call',
    '3 jeq #0x127, 13, 4 ; openat',
    '4 ret #0x7fff0000 ; ALLOW',
    '5 jeq #0xc000003e, 6, 12 ; x86_64',
    '6 ld [0] ; call',
    '7 jge #0x40000000, 12, 8 ; x32',
    '8 jeq #0x101, 13, 9 ; openat',
    '9 jeq #0x65, 10, 14 ; ptrace',
    '10 ld [16] ; argument 0, low half',
    '11 jeq #0x10, 13, 14 ;'.trimEnd(),
    '12 ret #0x80000000 ; KILL_PROCESS',
    '13 ret #0x50001 ; ERRNO(EPERM)',
    '14 ret #0x7fff0000 ; ALLOW',
  ]);
});

test('the answers to all calls are found, also those that depend on arguments', async () => {
  const { filters } = await filtersOf({ filter: PROGRAM });
  const verdicts = filters.verdicts([0]) ?? assert.fail();
  assert.deepEqual([verdicts.arch, verdicts.otherwise], ['x86_64', 'ALLOW']);
  assert.deepEqual(
    verdicts.actions.map(({ action, calls }) => [action, calls.length > 10 ? 'many' : calls]),
    [
      ['ALLOW', 'many'],
      ['ERRNO(EPERM)', ['openat']],
    ],
  );
  assert.deepEqual(verdicts.conditional, [{ call: 'ptrace', actions: ['ALLOW', 'ERRNO(EPERM)'] }]);
});

test('what comes out of another register or out of memory may be anything', () => {
  const txa = [0x87, 0, 0, 0] as const;
  const fromMemory = [0x60, 0, 0, 3] as const;
  const andX = [0x5c, 0, 0, 0] as const;
  for (const unknown of [txa, fromMemory, andX]) {
    const bytes = programOf(load(0), unknown, equal(59, 0, 1), answer(KILL), answer(ALLOW));
    const verdicts = verdictsOf([decodeProgram(bytes, true)], X86_64);
    assert.equal(verdicts?.otherwise, 'ALLOW or KILL_PROCESS', String(unknown[0]));
    assert.deepEqual(verdicts?.actions, []);
  }
});

test('of two filters the stricter answer holds, of two equal ones the newer’s', async () => {
  const older = programOf(load(0), equal(59, 0, 1), answer(0x00050002), answer(ALLOW));
  const newer = programOf(load(0), equal(59, 0, 1), answer(0x00050001), equal(60, 0, 1), answer(KILL), answer(ALLOW));
  // As CRIU writes them: the newer one first, and from the older one, which the core image names, to it.
  const { filters } = await filtersOf({ filter: newer }, { filter: older, prev: 0 });
  const chain = filters.chain(1);
  assert.deepEqual(chain, [0, 1]);
  assert.deepEqual(filters.chain(1, 'newest'), [1, 0]);
  const { actions = [] } = filters.verdicts(chain) ?? {};
  assert.deepEqual(actions.find(({ action }) => action === 'ERRNO(EPERM)')?.calls, ['execve']);
  assert.deepEqual(actions.find(({ action }) => action === 'KILL_PROCESS')?.calls, ['exit']);
});

test('what no chain can be is told, and ends it', async () => {
  const { images, filters } = await filtersOf(
    { filter: PROGRAM, prev: 1 },
    { filter: PROGRAM, prev: 0 },
    { filter: PROGRAM, prev: 77 },
    { filter: Buffer.alloc(13) },
  );
  assert.deepEqual(filters.chain(0), [1, 0]);
  assert.deepEqual(filters.chain(2), [2]);
  assert.deepEqual(filters.chain(9), []);
  assert.equal(filters.disassemble(3).length, 1);
  assert.deepEqual(filters.disassemble(9), []);
  const ids = images.diagnostics.list.map(({ id }) => id);
  assert.deepEqual(ids, ['seccomp-chain-cyclic', 'seccomp-filter-missing', 'seccomp-filter-damaged']);
});

test('a chain of more filters than a kernel takes is cut', async () => {
  const many = Array.from({ length: 7000 }, (_, index) => ({
    filter: programOf(answer(ALLOW)),
    ...(index > 0 ? { prev: index - 1 } : {}),
  }));
  const { images, filters } = await filtersOf(...many);
  assert.equal(filters.chain(6999).length, 6553);
  assert.deepEqual(
    images.diagnostics.list.map(({ id }) => id),
    ['seccomp-chain-long'],
  );
});

test('the profile of a container is what podman says it is', async () => {
  const archive = fileURLToPath(new URL('../../../fixtures/podman-redis.tar', import.meta.url));
  await using checkpoint = await openCheckpoint(archive);
  const filters = await readSeccompFilters(checkpoint.images, core_entry_march.X86_64);
  assert.equal(filters.count, 5);
  assert.equal(new Set([0, 1, 2, 3, 4].map((index) => filters.filter(index)?.sha256)).size, 1);
  const { actions = [], otherwise, conditional = [] } = filters.verdicts([0]) ?? {};
  const callsOf = (wanted: string) => actions.find(({ action }) => action === wanted)?.calls ?? [];
  assert.equal(otherwise, 'ERRNO(ENOSYS)');
  for (const call of ['read', 'execve', 'mount', 'ptrace']) assert.ok(callsOf('ALLOW').includes(call), call);
  for (const call of ['kexec_load', 'init_module', 'bpf']) assert.ok(callsOf('ERRNO(EPERM)').includes(call), call);
  assert.deepEqual(
    conditional.map(({ call }) => call),
    ['socket', 'personality'],
  );
  assert.deepEqual(checkpoint.diagnostics(), []);
});

test('numbers of calls are those of the machine', () => {
  assert.equal(syscallName(X86_64, 0), 'read');
  assert.equal(syscallName(X86_64, 257), 'openat');
  assert.equal(syscallName(X86_64, 0x40000209), 'x32:ptrace');
  assert.equal(syscallName(I386, 5), 'open');
  assert.equal(syscallName(AARCH64, 56), 'openat');
  assert.equal(syscallName(AARCH64, 435), 'clone3');
  assert.equal(syscallName(X86_64, 400), undefined);
  assert.equal(syscallName(0x1234, 0), undefined);
});

interface Machine {
  a: number;
  x: number;
  memory: number[];
  at: number;
}

const COMPARED: Readonly<Record<number, (a: number, b: number) => boolean>> = {
  21: (a, b) => a === b,
  37: (a, b) => a > b,
  53: (a, b) => a >= b,
  69: (a, b) => (a & b) !== 0,
};
const COMPUTED: Readonly<Record<number, (a: number, b: number) => number>> = {
  4: (a, b) => a + b,
  68: (a, b) => a | b,
  84: (a, b) => a & b,
  100: (a, b) => a << b,
};
const MOVED: Readonly<Record<number, (m: Machine, k: number, data: DataView) => Partial<Machine>>> = {
  0: (_m, k) => ({ a: k }),
  1: (_m, k) => ({ x: k }),
  2: (m, k) => ({ memory: m.memory.with(k, m.a) }),
  5: (m, k) => ({ at: m.at + k }),
  7: (m) => ({ x: m.a }),
  32: (_m, k, data) => ({ a: data.getUint32(k, true) }),
  96: (m, k) => ({ a: m.memory[k] ?? 0 }),
  135: (m) => ({ a: m.x }),
};

/** What a kernel answers to one call with given arguments. */
function execute(program: readonly Instruction[], data: DataView): number {
  const m: Machine = { a: 0, x: 0, memory: new Array<number>(16).fill(0), at: 0 };
  for (;;) {
    const { code, k, jt, jf } = program[m.at] ?? assert.fail('it runs past its end');
    m.at += 1;
    if (code === 6) return k;
    const operand = (code & 8) === 0 ? k : m.x;
    const [move, compute, compare] = [MOVED[code], COMPUTED[code & ~8], COMPARED[code & ~8]];
    if (move) Object.assign(m, move(m, k, data));
    else if (compute) m.a = compute(m.a, operand) >>> 0;
    else if (compare) m.at += compare(m.a, operand) ? jt : jf;
    else assert.fail(`code ${code}`);
  }
}

const number = fc.constantFrom(0, 1, 59, 257, 0x40000000, X86_64, 0xff, 7);
const instruction = fc.oneof(
  fc.constantFrom(0, 4, 8, 16, 20, 24).map((offset) => load(offset)),
  fc.tuple(fc.constantFrom(0x15, 0x25, 0x35, 0x45, 0x1d), fc.nat(3), fc.nat(3), number),
  fc.tuple(fc.constantFrom(0x54, 0x44, 0x04, 0x5c, 0x64), fc.constant(0), fc.constant(0), fc.nat(31)),
  fc.tuple(fc.constantFrom(0x00, 0x01), fc.constant(0), fc.constant(0), number),
  fc.constantFrom([0x07, 0, 0, 0] as const, [0x87, 0, 0, 0] as const),
  fc.tuple(fc.constantFrom(0x60, 0x02), fc.constant(0), fc.constant(0), fc.nat(3)),
  fc.tuple(fc.constant(0x05), fc.constant(0), fc.constant(0), fc.nat(3)),
  fc.constantFrom(answer(ALLOW), answer(EPERM), answer(KILL), answer(0x7ffc0000)),
);

test('whatever the program and the arguments, what the machine answers is among the answers told', () => {
  const program = fc.array(instruction, { minLength: 4, maxLength: 12 });
  const words = fc.array(fc.oneof(number, fc.nat(0xffffffff)), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(program, words, (made, others) => {
      const whole = decodeProgram(programOf(...made, answer(ALLOW), answer(ALLOW), answer(ALLOW), answer(ALLOW)), true);
      const { actions = [], conditional = [] } = verdictsOf([whole], X86_64) ?? {};
      for (const [call, name] of [
        [0, 'read'],
        [59, 'execve'],
        [257, 'openat'],
      ] as const) {
        const data = new DataView(new ArrayBuffer(64));
        for (const [index, word] of others.entries()) data.setUint32(16 + index * 4, word, true);
        data.setUint32(0, call, true);
        data.setUint32(4, X86_64, true);
        const answered = execute(whole, data);
        const told = [
          ...actions.filter(({ calls }) => calls.includes(name)).map(({ action }) => action),
          ...(conditional.find((each) => each.call === name)?.actions ?? []),
        ];
        const kind = annotate([{ ...whole[0], code: 0x06, k: answered, index: 0, jt: 0, jf: 0, text: '' }], X86_64);
        assert.ok(told.includes(kind[0]?.comment ?? ''), `${name}: ${kind[0]?.comment} is not in ${told.join()}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test('bytes of any kind are disassembled and judged without end or throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const program = decodeProgram(bytes, true);
      assert.equal(annotate(program, X86_64).length, Math.floor(bytes.length / 8));
      verdictsOf([program], X86_64);
    }),
    { numRuns: 300 },
  );
});
