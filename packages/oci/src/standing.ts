/** Whether a tag still stands for what it stood for. */
import { orAbsent } from '@stillframe/core';
import type { ManifestReader, PutManifestOptions } from './content.ts';
import { ociError } from './errors.ts';

/** Throws ERR_OCI_TAG_MOVED where `tag` does not stand for `replacing`, and the errors of the store. */
export async function demandStanding(
  store: Pick<ManifestReader, 'resolve'>,
  { tag, replacing, signal }: PutManifestOptions,
): Promise<void> {
  if (tag === undefined || replacing === undefined) return;
  const now = (await orAbsent(store.resolve(tag, { signal }), 'ERR_OCI_MANIFEST_UNKNOWN'))?.digest ?? null;
  if (now !== replacing) throw ociError('ERR_OCI_TAG_MOVED', `tag ${tag} stands for ${now ?? 'nothing'} now`);
}
