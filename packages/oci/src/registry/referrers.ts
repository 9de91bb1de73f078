/** Referrers of a registry that has the API for them, and of one that has not (distribution-spec: referrers, tag fallback). */
import { type Digest, isCode, limits } from '@stillframe/core';
import { referrerOf, referrersTag } from '../artifact.ts';
import type { ContentOptions, ManifestReader, ManifestWriter, ReferrersOptions } from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { buildIndex } from '../image-build.ts';
import { type Index, type Manifest, parseIndex, parseManifestOrIndex } from '../manifest.ts';
import { readBody } from './answer.ts';
import type { Call, Session } from './session.ts';

/** Referrers of one manifest; real ones have a few, and a registry may not fill memory with more. */
const MAX_LISTED = 10_000;
const MAX_PAGES = 1000;

/** Those of a list that are asked for: a registry need not choose by itself. */
export function chosen(list: readonly Descriptor[], { artifactType }: ReferrersOptions): readonly Descriptor[] {
  return list.filter((each) => artifactType === undefined || each.artifactType === artifactType);
}

/**
 * All pages of the registry's own list; undefined where it has no API for that. `call` asks for the first page.
 * Throws ERR_OCI_DOCUMENT_TOO_LARGE where there is no end to it, and registry errors.
 */
export async function listedByRegistry(
  session: Session,
  call: Omit<Call, 'accept'>,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let url: URL | string | undefined = call.url;
  for (let page = 0; url !== undefined; page += 1) {
    // Who does not know the path says so in many ways.
    const accept = page === 0 ? [200, 400, 404, 405] : [200];
    const answer = await session.send({ ...call, url, accept });
    if (answer.status !== 200) {
      answer.discard();
      return undefined;
    }
    url = session.nextPage(answer);
    found.push(...parseIndex(await readBody(answer, limits.manifest, call.what), mediaTypes.index).manifests);
    if (found.length > MAX_LISTED || page > MAX_PAGES)
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${call.what}: the list has no end`);
  }
  return found;
}

/** The list behind the fallback tag; none where there is no such tag, or where it stands for something else. */
export async function listedByTag(
  store: ManifestReader,
  digest: Digest,
  options: ContentOptions,
): Promise<readonly Descriptor[]> {
  const found = await behindTag(store, digest, options);
  return found?.kind === 'index' ? found.manifests : [];
}

/**
 * Adds a manifest to the list of its subject. Two that do so at once may lose one: the specification has no lock for it.
 * Throws ERR_OCI_REGISTRY_REFUSED where the tag of the list stands for an image.
 */
export async function listByTag(
  store: ManifestReader & ManifestWriter,
  descriptor: Descriptor,
  document: (Manifest | Index) & { subject: Descriptor },
  options: ContentOptions,
): Promise<void> {
  const subject = document.subject.digest;
  const found = await behindTag(store, subject, options);
  if (found && found.kind !== 'index') {
    const tag = referrersTag(subject);
    throw ociError('ERR_OCI_REGISTRY_REFUSED', `${descriptor.digest} is stored, but tag ${tag} is an image, no list`, {
      hint: 'this registry finds what is said about an image by that tag: remove it there, then push again',
    });
  }
  if (found?.manifests.some(({ digest }) => digest === descriptor.digest)) return;
  await putList(store, subject, found, [...(found?.manifests ?? []), referrerOf(descriptor, document)], options);
}

/** Takes a manifest, which is gone, out of the list of its subject, where there is a list by tag. */
export async function unlistByTag(
  store: ManifestReader & ManifestWriter,
  { digest, subject }: { digest: Digest; subject: Digest },
  options: ContentOptions,
): Promise<void> {
  const found = await behindTag(store, subject, options);
  if (found?.kind !== 'index' || !found.manifests.some((each) => each.digest === digest)) return;
  const kept = found.manifests.filter((each) => each.digest !== digest);
  await putList(store, subject, found, kept, options);
}

async function behindTag(
  store: ManifestReader,
  subject: Digest,
  { signal }: ContentOptions,
): Promise<Manifest | Index | undefined> {
  try {
    const descriptor = await store.resolve(referrersTag(subject), { signal });
    return parseManifestOrIndex(await store.manifest(descriptor, { signal }), descriptor.mediaType);
  } catch (error) {
    if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return undefined;
    throw error;
  }
}

async function putList(
  store: ManifestWriter,
  subject: Digest,
  former: Index | undefined,
  manifests: readonly Descriptor[],
  { signal }: ContentOptions,
): Promise<void> {
  const { annotations } = former ?? {};
  const { bytes } = buildIndex({ manifests, ...(annotations ? { annotations } : {}) });
  await store.putManifest(bytes, mediaTypes.index, { tag: referrersTag(subject), signal });
}
