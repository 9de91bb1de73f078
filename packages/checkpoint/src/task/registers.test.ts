/** Registers by the names of their machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { core_entry_march, core_entrySchema } from '@stillframe/criu-image/proto';
import { x86Core } from '../elf-core/made-set.fixture.ts';
import { registersOf } from './registers.ts';

test('registers have the names of the machine', () => {
  const x86 = registersOf(create(core_entrySchema, x86Core())) ?? assert.fail();
  assert.deepEqual([x86.machine, x86.general[0], x86.general[10]], ['x86-64', ['r15', 1n], ['rax', 11n]]);
  // orig_ax is 16 in the made-up registers.
  assert.deepEqual([x86.instructionPointer, x86.stackPointer, x86.inCall, x86.tls], [17n, 20n, 'ioctl', 22n]);
  const gpregs = { regs: Array.from({ length: 31 }, (_, index) => BigInt(index)), sp: 100n, pc: 200n, pstate: 300n };
  const arm = registersOf(
    create(core_entrySchema, {
      mtype: core_entry_march.AARCH64,
      tiAarch64: { clearTidAddr: 1n, tls: 5n, gpregs, fpsimd: { fpsr: 0, fpcr: 0 }, pacKeys: {} },
    }),
  );
  assert.deepEqual([arm?.machine, arm?.instructionPointer, arm?.stackPointer, arm?.tls], ['aarch64', 200n, 100n, 5n]);
  assert.deepEqual([arm?.general[30], arm?.general.length], [['x30', 30n], 34]);
  assert.deepEqual(arm?.parts, ['fpsimd', 'pointer-authentication-keys']);
  assert.equal(registersOf(create(core_entrySchema, { mtype: core_entry_march.X86_64 })), undefined);
});
