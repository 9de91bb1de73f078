/** Whether a tag still stands for what it stood for. */
import { isCode } from '@stillframe/core';
import type { ManifestReader, PutManifestOptions } from './content.ts';
import { ociError } from './errors.ts';

/** Throws ERR_OCI_TAG_MOVED where `tag` does not stand for `replacing`, and the errors of the store. */
export async function demandStanding(
  store: Pick<ManifestReader, 'resolve'>,
  { tag, replacing, signal }: PutManifestOptions,
): Promise<void> {
  if (tag === undefined || replacing === undefined) return;
  const now = await store.resolve(tag, { signal }).then(
    ({ digest }) => digest,
    (error: unknown) => {
      if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return null;
      throw error;
    },
  );
  if (now !== replacing) throw ociError('ERR_OCI_TAG_MOVED', `tag ${tag} stands for ${now ?? 'nothing'} now`);
}
