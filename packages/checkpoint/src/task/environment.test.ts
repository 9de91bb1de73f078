/** The environment: what the kernel laid down, where the vector points now, and what the container was given. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { mm_entrySchema } from '@stillframe/criu-image/proto';
import { openCheckpoint } from '../checkpoint.ts';
import { madeSet, PAGE, PID } from '../elf-core/made-set.fixture.ts';
import { readEnvironment } from './environment.ts';
import { compareEnvironment } from './environment-comparison.ts';
import { withImages } from './made-task.fixture.ts';

const STACK = 0x10000n;
const HEAP = 0x40000n;
const ARGUMENTS = 0x400;
const TEXTS = 0x800;

interface Made {
  /** As the kernel laid them down. */
  start: readonly string[];
  /** Where the vector points: an index into `start`, or a text elsewhere. */
  now?: readonly (number | string)[];
  /** Instead of the texts, as setproctitle(3) does. */
  title?: string;
  /** Number of arguments that the stack claims. */
  count?: bigint;
}

/** A process of one page of stack and one of heap. */
function madeProcess({ start, now = start.keys().toArray(), title, count = 1n }: Made) {
  const stack = Buffer.alloc(PAGE);
  const heap = Buffer.alloc(PAGE);
  const texts = Buffer.from(start.map((text) => `${text}\0`).join(''));
  stack.write('prog\0', ARGUMENTS);
  texts.copy(stack, TEXTS);
  const addresses: bigint[] = [];
  for (let at = TEXTS, index = 0; index < start.length; index += 1) {
    addresses.push(STACK + BigInt(at));
    at += Buffer.byteLength(start[index] ?? '') + 1;
  }
  if (title !== undefined) stack.fill(0, TEXTS, TEXTS + texts.length).write(title, TEXTS);
  stack.writeBigUInt64LE(count, 0);
  stack.writeBigUInt64LE(STACK + BigInt(ARGUMENTS), 8);
  let used = 64;
  for (const [index, what] of now.entries()) {
    const pointer = typeof what === 'number' ? (addresses[what] ?? 0n) : HEAP + BigInt(used);
    if (typeof what === 'string') used += heap.write(`${what}\0`, used);
    stack.writeBigUInt64LE(pointer, 24 + index * 8);
  }
  const vmas = [STACK, HEAP].map((vaddr) => ({ start: vaddr, end: vaddr + BigInt(PAGE) }));
  const made = madeSet({ vmas, pages: vmas.map((vma) => [vma.start, 1] as const) });
  const vma = { pgoff: 0n, shmid: 0n, prot: 3, flags: 2, status: 0x201, fd: -1n };
  const mm = create(mm_entrySchema, {
    ...{ mmStartCode: 0n, mmEndCode: 0n, mmStartData: 0n, mmEndData: 0n, mmStartBrk: 0n, mmBrk: 0n, exeFileId: 0 },
    ...{ mmStartStack: STACK, mmArgStart: STACK + BigInt(ARGUMENTS), mmArgEnd: STACK + BigInt(ARGUMENTS + 5) },
    ...{ mmEnvStart: STACK + BigInt(TEXTS), mmEnvEnd: STACK + BigInt(TEXTS + texts.length) },
    vmas: vmas.map((each) => ({ ...vma, ...each })),
  });
  const bytes = Buffer.from(toBinary(mm_entrySchema, mm));
  const head = Buffer.alloc(12);
  for (const [index, word] of [0x54564319, 0x57492820, bytes.length].entries()) head.writeUInt32LE(word, index * 4);
  return withImages(made, {
    [`mm-${PID}.img`]: Buffer.concat([head, bytes]),
    'pages-1.img': Buffer.concat([stack, heap]),
  });
}

async function comparisonOf(made: Made, declared?: readonly string[]) {
  const { variables, overwritten } = compareEnvironment(await readEnvironment(madeProcess(made), PID), declared);
  return { overwritten, rows: variables.map(({ text, since, declared: given }) => [text, since, given]) };
}

describe('a process that', () => {
  test('changed nothing has what it was started with', async () => {
    const start = ['PATH=/bin', 'TOKEN=a'];
    const environment = await readEnvironment(madeProcess({ start }), PID);
    assert.deepEqual(environment.block, { state: 'present', values: start, partial: false });
    const { vector } = environment;
    assert.ok(vector.state === 'present' && vector.complete);
    assert.equal(vector.address, STACK + 24n);
    assert.deepEqual(
      vector.entries.map(({ text, origin }) => [text, origin]),
      start.map((text) => [text, 'start']),
    );
  });

  test('set, changed and removed variables shows each', async () => {
    const made = { start: ['A=1', 'B=2', 'C=3'], now: [0, 'C=other', 'D=new'] };
    assert.deepEqual(await comparisonOf(made, ['A=1', 'C=3', 'E=5', 'B=9']), {
      overwritten: false,
      rows: [
        ['A=1', 'kept', 'same'],
        ['C=other', 'changed', 'other'],
        ['D=new', 'added', 'not'],
        ['B=2', 'removed', 'other'],
        ['E=5', 'never', 'missing'],
      ],
    });
  });

  test('wrote its title over the texts is not said to have lost its variables', async () => {
    const made = { start: ['A=1', 'TOKEN=a long enough text'], title: 'worker process' };
    assert.deepEqual(await comparisonOf(made, ['A=1']), { overwritten: true, rows: [['A=1', 'unknown', 'unknown']] });
  });

  test('has a stack that is none is told to have no vector', async () => {
    const reasons = [];
    for (const count of [0n, 600n, 1n << 40n]) {
      const { vector } = await readEnvironment(madeProcess({ start: ['A=1'], count }), PID);
      reasons.push(vector.state === 'absent' ? vector.reason : vector.state);
    }
    assert.deepEqual(reasons, ['damaged', 'not-captured', 'damaged']);
  });

  test('has no memory image has neither', async () => {
    const { block, vector } = await readEnvironment(madeSet({ vmas: undefined }), PID);
    assert.deepEqual(block, { state: 'absent', reason: 'not-recorded' });
    assert.deepEqual(vector, { state: 'absent', reason: 'not-recorded' });
  });
});

test('without a specification nothing is said about the container', async () => {
  assert.deepEqual((await comparisonOf({ start: ['A=1'] })).rows, [['A=1', 'kept', 'unknown']]);
});

test('redis moved its environment away for its title, its children have theirs', async () => {
  await using checkpoint = await openCheckpoint(
    fileURLToPath(new URL('../../fixtures/podman-redis.tar', import.meta.url)),
  );
  const declared = checkpoint.spec?.process.env;
  const compared = async (pid: number) => compareEnvironment(await readEnvironment(checkpoint.images, pid), declared);
  assert.equal((await compared(6)).overwritten, true);
  const { overwritten, variables } = await compared(16);
  assert.equal(overwritten, false);
  const found = new Map(variables.map(({ name, since, declared: given }) => [name, [since, given]]));
  assert.deepEqual(found.get('REDIS_PASSWORD'), ['kept', 'same']);
  assert.deepEqual(found.get('SHLVL'), ['kept', 'not']);
});
