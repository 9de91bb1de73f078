/** Names of images: `registry/repository:tag@digest` with Docker's defaults, and `oci:PATH:TAG` for image layouts. */
import { type Digest, isDigest } from '@stillframe/core';
import { ociError } from './errors.ts';

/** A place in a registry. At least one of `tag` and `digest` is given; with both, the digest decides. */
export interface Reference {
  /** Host, and port where one was written: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Where an image is: in a folder with an OCI image layout, or in a registry. */
export type ImageLocation =
  | { readonly kind: 'layout'; readonly path: string; readonly tag?: string }
  | { readonly kind: 'registry'; readonly reference: Reference };

/** The registry meant where a reference names none. */
const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_TAG = 'latest';
/** What skopeo and podman write before a reference. */
const TRANSPORT = 'docker://';

/** Longest text looked at: repository and host 255 each, tag 128, digest 71, separators. */
const MAX_TEXT = 720;
const MAX_REPOSITORY = 255;

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?$/;

/**
 * Reads a reference. `busybox` is `docker.io/library/busybox:latest`; the first component is a registry only where it
 * has a dot, a colon or a bracket, or is `localhost`. Throws ERR_OCI_REFERENCE_INVALID.
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_TEXT) throw malformed(text, 'is too long');
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw malformed(text, 'has no sha256 digest after the @');
  const { registry, rest } = splitRegistry(at < 0 ? text : text.slice(0, at));
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) throw malformed(text, 'has no valid tag after the colon');
  if (!isRegistry(registry)) throw malformed(text, 'names no valid registry host');
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  if (!isRepository(repository)) throw malformed(text, 'has no valid repository (lower case letters, digits, . _ - /)');
  if (digest !== undefined)
    return tag === undefined ? { registry, repository, digest } : { registry, repository, tag, digest };
  return { registry, repository, tag: tag ?? DEFAULT_TAG };
}

/** Whether parseReference takes `text`. */
export function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a reference says its registry itself; `busybox` and `team/app` mean docker.io without a word of it. `text` may
 * begin with `docker://`.
 */
export function namesRegistry(text: string): boolean {
  const name = text.startsWith(TRANSPORT) ? text.slice(TRANSPORT.length) : text;
  const slash = name.indexOf('/');
  return slash >= 0 && isHostLike(name.slice(0, slash));
}

/** The full spelling, which parses to an equal reference. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/**
 * Reads `oci:PATH[:TAG]` as a layout, and anything else (also after `docker://`) as a reference. A colon in PATH is kept
 * unless what follows the last one could be a tag. So a registry on a host called `oci` needs its port and a
 * `docker://` before it. Throws ERR_OCI_REFERENCE_INVALID.
 */
export function parseImageLocation(text: string): ImageLocation {
  if (!text.startsWith('oci:')) {
    const name = text.startsWith(TRANSPORT) ? text.slice(TRANSPORT.length) : text;
    return { kind: 'registry', reference: parseReference(name) };
  }
  const rest = text.slice('oci:'.length);
  const colon = rest.lastIndexOf(':');
  const tag = rest.slice(colon + 1);
  const tagged = colon >= 0 && isTag(tag);
  const path = tagged ? rest.slice(0, colon) : rest;
  if (path === '' || path.includes('\0')) throw malformed(text, 'names no folder');
  return tagged ? { kind: 'layout', path, tag } : { kind: 'layout', path };
}

/** Whether `text` may be a tag (distribution-spec). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether `text` may be a repository (distribution-spec). */
export function isRepository(text: string): boolean {
  return text.length <= MAX_REPOSITORY && text.split('/').every((component) => COMPONENT.test(component));
}

/** Whether `text` is a host with an optional port from 1 to 65535. */
export function isRegistry(text: string): boolean {
  const match = text.length <= 255 ? HOST.exec(text) : null;
  if (!match) return false;
  const port = match[1] === undefined ? 1 : Number(match[1]);
  return port >= 1 && port <= 65_535 && (!text.startsWith('[') || URL.canParse(`http://${text}/`));
}

function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (!isHostLike(first)) return { registry: DEFAULT_REGISTRY, rest: text };
  return { registry: first === 'index.docker.io' ? DEFAULT_REGISTRY : first, rest: text.slice(slash + 1) };
}

/** A first component with a dot, a colon or a bracket, or `localhost`, is a registry, any other one a part of the name. */
function isHostLike(first: string): boolean {
  return /[.:[]/.test(first) || first === 'localhost';
}

function malformed(text: string, fault: string) {
  return ociError('ERR_OCI_REFERENCE_INVALID', `${JSON.stringify(text.slice(0, 200))} ${fault}`);
}
