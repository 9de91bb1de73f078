/** What a capture recorded beside its archive, where it lies as a file, and whether the archive still is what it says. */
import { basename } from 'node:path';
import type { Archive } from '@stillframe/checkpoint';
import { type Diagnostic, digestSource, messageOf, StillframeError } from '@stillframe/core';
import { evidencePath, type RecordedCapture } from '@stillframe/evidence';
import { readEvidence } from './image/evidence.ts';
import { readSealedEvidence } from './sealed.ts';

/** The evidence of an archive, and what is wrong with it. */
export interface CaptureFacts {
  /** Undefined where there is none, as with archives of other engines, or none that can be read. */
  recorded: RecordedCapture | undefined;
  /** `unchecked` where only the size was compared. */
  digest: 'none' | 'unchecked' | 'equal' | 'differs';
  diagnostics: readonly Diagnostic[];
}

/** Undefined where there is no evidence, or none that can be read: archives of other engines have none. */
export async function readRecordedCapture(archive: string): Promise<RecordedCapture | undefined> {
  try {
    return await readEvidence(archive);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return undefined;
  }
}

/** Compares an archive with what is recorded of it: its size, which costs nothing, and with `verify` its digest too. */
export async function readCaptureFacts(
  archive: Pick<Archive, 'label' | 'bytes'>,
  options: { verify: boolean; sealed?: string | undefined; signal: AbortSignal },
): Promise<CaptureFacts> {
  // An image's label is no path: a file that happens to have that name beside it is about something else.
  const { locator } = archive.bytes ?? {};
  const { sealed } = options;
  if (sealed === undefined && archive.bytes && (locator?.kind !== 'file' || locator.path !== archive.label))
    return { recorded: undefined, digest: 'none', diagnostics: [] };
  const path = evidencePath(archive.label);
  const source = basename(path);
  let recorded: RecordedCapture | undefined;
  try {
    recorded = await (sealed === undefined ? readEvidence(archive.label) : readSealedEvidence(sealed));
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    const message = `the evidence beside the archive cannot be used: ${messageOf(error)}`;
    return {
      recorded: undefined,
      digest: 'none',
      diagnostics: [{ id: 'evidence-invalid', severity: 'error', source, message }],
    };
  }
  if (!recorded) return { recorded, digest: 'none', diagnostics: [] };
  if (!archive.bytes) return { recorded, digest: 'unchecked', diagnostics: [] };
  const wrong = (id: string, message: string): CaptureFacts => ({
    recorded,
    digest: 'differs',
    diagnostics: [{ id, severity: 'error', source, message }],
  });
  const { size } = archive.bytes;
  if (recorded.size !== undefined && recorded.size !== size)
    return wrong('evidence-size-mismatch', `the archive has ${size} bytes, its evidence says ${recorded.size}`);
  if (!options.verify) return { recorded, digest: 'unchecked', diagnostics: [] };
  const digest = await digestSource(archive.bytes, { signal: options.signal });
  if (digest === recorded.digest) return { recorded, digest: 'equal', diagnostics: [] };
  return wrong('evidence-digest-mismatch', `the archive's digest is ${digest}, its evidence says ${recorded.digest}`);
}
