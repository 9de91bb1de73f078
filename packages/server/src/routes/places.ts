/** References to evidence as the page takes them: those that a view can open say how. */
import { hexAddress } from '@stillframe/core';
import { type EvidenceReference, referenceText } from '@stillframe/forensics';
import type { Place } from '../contract/index.ts';

export function placeOf(reference: EvidenceReference): Place {
  const { kind } = reference;
  const text = referenceText(reference);
  switch (kind) {
    case 'memory':
      return { kind, text, pid: reference.pid, address: hexAddress(reference.address), bytes: reference.bytes };
    case 'mapping':
      return { kind, text, pid: reference.pid, address: hexAddress(reference.start) };
    case 'process':
    case 'fd':
      return { kind, text, pid: reference.pid };
    case 'rootfs':
      return { kind, text, path: reference.path };
    default:
      return { kind, text };
  }
}
