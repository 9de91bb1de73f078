/** Writing what a capture says of itself; the format is packages/evidence. */
import { hostname, release } from 'node:os';
import { writeTextAtomically } from '@stillframe/core/file';
import { type CaptureEvidence, encodeCapture } from '@stillframe/evidence';

/** Writes the evidence to `path`, mode 0600, with this machine as node. */
export function writeEvidence(path: string, evidence: Omit<CaptureEvidence, 'node'>): Promise<void> {
  return writeTextAtomically(path, encodeCapture({ ...evidence, node: { hostname: hostname(), kernel: release() } }));
}
