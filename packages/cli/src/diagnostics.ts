/** Faults of an archive as a command tells them beside its result: on stderr for people, in the document for programs. */
import { type Diagnostic, harmless } from '@stillframe/core';
import type { Io } from './io.ts';

/** Lines that are told; a hostile archive has thousands. */
const TOLD = 20;

/** One line a fault, errors first; nothing where there is none. */
export function tellDiagnostics(io: Pick<Io, 'err'>, found: readonly Diagnostic[]): void {
  const worth = found.filter(({ severity }) => severity !== 'info');
  const sorted = [...worth.filter(({ severity }) => severity === 'error'), ...worth.filter(isWarning)];
  for (const { severity, source, offset, message, id } of sorted.slice(0, TOLD)) {
    const place = offset === undefined ? source : `${source} at byte ${offset}`;
    io.err(`${severity}: ${harmless(place)}: ${harmless(message)}  [${id}]\n`);
  }
  if (sorted.length > TOLD)
    io.err(`${sorted.length - TOLD} more faults; \`stillframe inspect --output json\` lists all\n`);
}

const isWarning = ({ severity }: Diagnostic) => severity === 'warning';

/** Each fault once, in order; the runtime makes texts harmless that we have raw. */
export function distinct(found: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const each of found) {
    const key = JSON.stringify([each.id, harmless(each.source), harmless(each.message), each.offset]);
    if (!seen.has(key)) seen.set(key, each);
  }
  return [...seen.values()];
}
