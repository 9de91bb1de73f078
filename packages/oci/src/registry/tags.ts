/** All tags of a repository (distribution-spec: listing tags). */
import { isCode, limits } from '@stillframe/core';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import { isTag } from '../reference.ts';
import { readBody } from './answer.ts';
import type { Call, Session } from './session.ts';

/** Real repositories have thousands; a registry may not fill memory with more. */
const MAX_TAGS = 200_000;
const MAX_PAGES = 10_000;

/**
 * Every page, each tag once; none for a repository that is not there. `call` asks for the first page. Throws
 * ERR_OCI_DOCUMENT_TOO_LARGE where there is no end to it, ERR_OCI_DOCUMENT_INVALID, and registry errors.
 */
export async function listTags(session: Session, call: Call): Promise<string[]> {
  const found = new Set<string>();
  let url: URL | string | undefined = call.url;
  for (let page = 0; url !== undefined; page += 1) {
    const answer = await session.send({ ...call, url }).catch((error: unknown) => {
      if (page === 0 && isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return undefined;
      throw error;
    });
    if (!answer) return [];
    url = session.nextPage(answer);
    const before = found.size;
    // A registry says null for a repository whose tags are all gone.
    const tags = decodeObject(await readBody(answer, limits.manifest, call.what), call.what)['tags'] ?? [];
    if (!Array.isArray(tags)) throw ociError('ERR_OCI_DOCUMENT_INVALID', `${call.what}: no list of tags`);
    for (const tag of tags) if (typeof tag === 'string' && isTag(tag)) found.add(tag);
    // A page that brings nothing new would be the beginning of a circle.
    if (found.size > MAX_TAGS || page > MAX_PAGES || (url !== undefined && found.size === before))
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${call.what}: the list has no end`);
  }
  return [...found];
}
