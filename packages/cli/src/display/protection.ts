/** Protection of memory as /proc/PID/maps writes it. */

/** `rw-p`: PROT_* bits, and whether it is shared; without `shared` the first three alone. */
export function protectionText(prot: number, shared?: boolean): string {
  const bits = `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`;
  return shared === undefined ? bits : `${bits}${shared ? 's' : 'p'}`;
}
