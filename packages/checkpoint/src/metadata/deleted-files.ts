/** deleted.files: paths of the image that the container had removed (checkpoint-spec 2.4, 2.8). */
import type { Diagnostics } from '@stillframe/core';
import { JsonFields } from './json-fields.ts';

/**
 * Reads a parsed deleted.files: absolute paths in the container, a folder as one. Paths that climb with `..` are left
 * out with a diagnostic: an engine that joins them to its root would delete on the host (checkpoint-spec 10.1).
 */
export function decodeDeletedFiles(value: unknown, diagnostics: Diagnostics): readonly string[] {
  if (value === null || value === undefined) return [];
  const paths = new JsonFields({ paths: value }, 'deleted.files', diagnostics).texts('paths');
  return paths.filter((path) => {
    const safe = !path.includes('\0') && !path.split('/').includes('..');
    if (!safe) {
      const message = `${JSON.stringify(path.slice(0, 200))} would leave the container`;
      diagnostics.add({ id: 'deleted-file-unsafe', severity: 'error', source: 'deleted.files', message });
    }
    return safe;
  });
}
