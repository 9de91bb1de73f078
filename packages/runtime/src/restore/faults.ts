/**
 * What is wrong with an archive that is to be restored. Where a copy would be another container than the one that was
 * dumped, it is refused; the rest is told: in the daemon's log, and with the copy.
 */
import { type Checkpoint, missingParts } from '@stillframe/checkpoint';
import { type Diagnostic, harmless, type Logger } from '@stillframe/core';
import { runtimeError } from '../errors.ts';

/** Faults that are kept with a copy, and told of it. */
const KEPT = 50;
/** Characters of one text. */
const LONGEST = 500;
/** Documents without which the copy would be another container: what it ran in and from, and what it had deleted. */
const NEEDED = ['spec.dump', 'config.dump', 'deleted.files'];
/** Where in spec.dump a wrong type makes another container of it; user and capabilities are restored from the images. */
const ESSENTIAL = /^spec\.dump:(?:process|root|mounts)(?:$|\[)/;
const HINT = '`stillframe inspect` tells all that is wrong with it; its memory and files can still be read';

/** Throws ERR_RESTORE_ARCHIVE naming the first thing that makes the archive one that cannot be restored as it was. */
export function demandRestorable(
  image: string,
  checkpoint: Pick<Checkpoint, 'archive' | 'images' | 'spec' | 'diagnostics'>,
) {
  const reason = reasonAgainst(checkpoint);
  if (reason === undefined) return;
  throw runtimeError('ERR_RESTORE_ARCHIVE', `${harmless(image)} cannot be restored: ${reason}`, { hint: HINT });
}

function reasonAgainst(checkpoint: Parameters<typeof demandRestorable>[1]): string | undefined {
  const { archive, spec } = checkpoint;
  const missing = missingParts(checkpoint);
  if (missing.length > 0) return `it holds no complete CRIU image set (${missing.join(', ')} missing)`;
  if (!archive.has('checkpoint/inventory.img')) return 'its CRIU images are not in a folder checkpoint/';
  for (const { id, source, message } of checkpoint.diagnostics()) {
    const name = source.split(':')[0] ?? '';
    const lost = id === 'metadata-unreadable' || (id === 'metadata-field-invalid' && isEssential(source, message));
    if (lost && NEEDED.includes(name)) return harmless(message.includes(name) ? message : `${source}: ${message}`);
  }
  if (!spec) return 'it has no spec.dump, which tells what the container was';
  if (spec.process.args.length === 0) return 'its spec.dump has no process with arguments, so it is of no container';
  for (const { name, kind } of archive.entries.values()) {
    if (!/^checkpoint\/[^/]+\.img$/.test(name) || kind === 'file') continue;
    return `its entry ${JSON.stringify(harmless(name.slice(0, 200)))} is a ${kind} in place of a CRIU image`;
  }
  return undefined;
}

/** Whether a field of a wrong type, left out by the reader, leaves another container than the one that was dumped. */
function isEssential(source: string, message: string): boolean {
  // A list of deletions has no fields that could be left out one by one.
  if (source === 'deleted.files' || source.startsWith('deleted.files:')) return true;
  if (source === 'spec.dump') return message.startsWith('mounts ');
  return ESSENTIAL.test(source);
}

/** The faults as they are kept with a copy: made harmless, each once, and no more than a sound archive could have. */
export function keptFaults(found: readonly Diagnostic[]): Diagnostic[] {
  const texts = new Map<string, Diagnostic>();
  for (const { id, severity, source, message, offset } of found) {
    if (severity === 'info') continue;
    const [where, text] = [harmless(source.slice(0, LONGEST)), harmless(message.slice(0, LONGEST))];
    const at = offset === undefined ? {} : { offset };
    texts.set(`${where}\n${at.offset ?? ''}\n${text}`, { id, severity, source: where, ...at, message: text });
  }
  const all = [...texts.values()];
  if (all.length <= KEPT) return all;
  const message = `${all.length - KEPT} more faults are not listed`;
  return [...all.slice(0, KEPT), { id: 'diagnostics-dropped', severity: 'warning', source: 'archive', message }];
}

/** One line of the log a fault. */
export function logFaults(logger: Logger, containerID: string, faults: readonly Diagnostic[]): void {
  for (const { id, severity, source, message } of faults) {
    logger.log('warn', 'fault of the archive that was restored', {
      containerID,
      fault: id,
      severity,
      source,
      reason: message,
    });
  }
}
