/** Bits and numbers of the kernel by name. Nothing is lost: what no name covers stands as a number in base 16. */

/** A bit, or several that belong together, and its name. */
export type NamedBits = readonly (readonly [name: string, bits: number])[];

/** The names of the bits of `value`, in the order of the table; `0x…` for the rest. */
export function namesOfBits(value: number, table: NamedBits): readonly string[] {
  const names: string[] = [];
  let rest = value >>> 0;
  for (const [name, bits] of table) {
    if ((rest & bits) >>> 0 !== bits >>> 0 || bits === 0) continue;
    names.push(name);
    rest = (rest & ~bits) >>> 0;
  }
  return rest === 0 ? names : [...names, `0x${rest.toString(16)}`];
}

/** The name of a number; `<what>-<number>` where the table has none. */
export function nameOfNumber(value: number, table: Readonly<Record<number, string>>, what: string): string {
  return Object.hasOwn(table, value) ? (table[value] ?? '') : `${what}-${value}`;
}
