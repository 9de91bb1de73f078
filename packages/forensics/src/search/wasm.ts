/** As much of WebAssembly as one loop over memory needs: instructions as arrays of bytes, and a module around one function. */

/** Encoded instructions that leave a value, or none. */
export type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Signed LEB128 of a 32-bit value. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const infix =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Local variables, parameters first. */
export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
};

/** 32-bit integers; `load` and `store` take an address and a constant offset. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: infix(0x6a),
  sub: infix(0x6b),
  mul: infix(0x6c),
  and: infix(0x71),
  shiftRight: infix(0x76),
  atLeast: infix(0x4f),
  trailingZeros: (value: Code): Code => [...value, 0x68],
  load: (address: Code, offset = 0): Code => [...address, 0x28, 0, ...unsigned(offset)],
  loadByte: (address: Code, offset = 0): Code => [...address, 0x2d, 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, 0, ...unsigned(offset)],
};

/** 16 bytes at once. */
export const i8x16 = {
  zero: [...simd(0x0c), ...new Array<number>(16).fill(0)] as Code,
  load: (address: Code, offset: number): Code => [...address, ...simd(0x00), 0, ...unsigned(offset)],
  splat: (value: Code): Code => [...value, ...simd(0x0f)],
  and: infix(...simd(0x4e)),
  equal: infix(...simd(0x23)),
  notEqual: infix(...simd(0x24)),
  shiftRight: (value: Code, bits: Code): Code => [...value, ...bits, ...simd(0x6d)],
  /** table[index] of each byte; indexes are below 16. */
  lookUp: infix(...simd(0x100)),
  anyTrue: (value: Code): Code => [...value, ...simd(0x53)],
  bitmask: (value: Code): Code => [...value, ...simd(0x64)],
};

/** A branch leaves blocks and begins loops anew, counted from the innermost. */
export const flow = {
  block: (...body: Code[]): Code => [0x02, 0x40, ...body.flat(), 0x0b],
  loop: (...body: Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b],
  when: (condition: Code, ...body: Code[]): Code => [...condition, 0x04, 0x40, ...body.flat(), 0x0b],
  branch: (depth: number): Code => [0x0c, ...unsigned(depth)],
  branchIf: (depth: number, condition: Code): Code => [...condition, 0x0d, ...unsigned(depth)],
};

/** What a function of a module is made of: `parameters` and `integers` are i32, `vectors` v128; it gives an i32. */
export interface FunctionParts {
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly body: readonly Code[];
}

/** A module that imports `memory.bytes` and exports one function, `run`. WebAssembly core specification 2.0, section 5.5. */
export function moduleOf({ parameters, integers, vectors, body }: FunctionParts): Uint8Array<ArrayBuffer> {
  const [I32, V128] = [0x7f, 0x7b];
  const name = (text: string) => [...unsigned(text.length), ...Buffer.from(text)];
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
  const code = [2, ...unsigned(integers), I32, ...unsigned(vectors), V128, ...body.flat(), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(I32), 1, I32]),
    ...section(2, [1, ...name('memory'), ...name('bytes'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
