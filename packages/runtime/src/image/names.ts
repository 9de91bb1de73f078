/** Names of images on this node: what a client's text means. */
import { formatReference, parseReference } from '@stillframe/oci';
import type { ImageRecord } from './record.ts';

/** Whether `text` may be an image id or its beginning, with or without `sha256:` before it. */
export function idOf(text: string): string | undefined {
  const id = text.replace(/^sha256:/, '');
  return /^[0-9a-f]{6,64}$/.test(id) ? id : undefined;
}

/** Finds the image that `reference` names by tag or digest; with both the digest decides, as in a pull. */
export function findByName(images: readonly ImageRecord[], reference: string): ImageRecord | undefined {
  const parsed = parsedOrNone(reference);
  if (!parsed) return undefined;
  const { registry, repository, digest } = parsed;
  if (digest === undefined) {
    const name = formatReference(parsed);
    return images.find((image) => image.names.includes(name));
  }
  const place = `${registry}/${repository}`;
  const byRoot = images.find((image) => image.repoDigests.includes(`${place}@${digest}`));
  return byRoot ?? images.find((image) => image.manifest.digest === digest && isFrom(image, place));
}

/** The one of the image's names that `reference` spells, else its first: an image may have been pulled under several. */
export function nameFor(image: ImageRecord, reference: string): string {
  const parsed = parsedOrNone(reference);
  const name = parsed && formatReference(parsed);
  const known = name !== undefined && [...image.names, ...image.repoDigests].includes(name);
  return known ? name : (image.names[0] ?? image.repoDigests[0] ?? image.id);
}

/** Whether one of `patterns` names the image: a reference, or the beginning of one with `*` at its end. */
export function isNamedBy(image: ImageRecord, patterns: readonly string[]): boolean {
  const names = [...image.names, ...image.repoDigests];
  return patterns.some((pattern) => {
    if (pattern.endsWith('*')) return names.some((name) => name.startsWith(pattern.slice(0, -1)));
    const parsed = parsedOrNone(pattern);
    return parsed !== undefined && names.includes(formatReference(parsed));
  });
}

function isFrom(image: ImageRecord, place: string): boolean {
  return [...image.names, ...image.repoDigests].some(
    (name) => /[:@]/.test(name[place.length] ?? '') && name.startsWith(place),
  );
}

function parsedOrNone(reference: string) {
  try {
    return parseReference(reference);
  } catch {
    // Not a reference at all, so it names no image.
    return undefined;
  }
}
