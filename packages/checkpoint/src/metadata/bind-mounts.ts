/** bind.mounts: what CRI-O recreates on the host where a bind source is missing at restore (checkpoint-spec 2.7). */
import type { Diagnostics } from '@stillframe/core';
import { JsonFields } from './json-fields.ts';

/** One bind mount of the container. Paths are raw and untrusted. */
export interface BindMount {
  /** Path on the host of the dump. */
  readonly source: string;
  /** Path in the container. */
  readonly destination: string;
  /** `file` means "no directory". */
  readonly fileType: 'file' | 'directory';
  /** The 0777 bits. */
  readonly permissions: number;
}

/** Reads a parsed bind.mounts; incomplete items are left out with a diagnostic. */
export function decodeBindMounts(value: unknown, diagnostics: Diagnostics): readonly BindMount[] {
  if (value === null || value === undefined) return [];
  return new JsonFields({ items: value }, 'bind.mounts', diagnostics).objects('items').flatMap((item) => {
    const source = item.filled('source');
    const destination = item.filled('destination');
    if (source === undefined || destination === undefined) {
      diagnostics.add({
        id: 'metadata-field-invalid',
        severity: 'warning',
        source: 'bind.mounts',
        message: 'a bind mount has no source or no destination',
      });
      return [];
    }
    const fileType = item.text('file_type') === 'directory' ? 'directory' : 'file';
    return [{ source, destination, fileType, permissions: (item.integer('permissions') ?? 0) & 0o777 }];
  });
}
