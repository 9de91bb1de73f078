/** What a policy calls an image, and which of its rows is for that (containers-policy.json(5): scopes). */
import { formatReference, type Reference } from '../reference.ts';
import type { Requirement, SignaturePolicy } from './policy.ts';

/** An image as it was asked for. */
export type AskedImage =
  | { readonly transport: 'docker'; readonly reference: Reference }
  /** A layout in a folder, or in one tar file. `path`: absolute, without links. */
  | { readonly transport: 'oci' | 'oci-archive'; readonly path: string; readonly tag: string };

/** Most particular first, without the transport's own default. */
export function scopesOf(image: AskedImage): string[] {
  return image.transport === 'docker' ? dockerScopes(image.reference) : layoutScopes(image);
}

/** The requirements for an image, and what they are for, in the words of the policy. */
export function requirementsFor(
  policy: SignaturePolicy,
  image: AskedImage,
): { readonly scope: string; readonly requirements: readonly Requirement[] } {
  const rows = policy.transports.get(image.transport);
  for (const scope of [...scopesOf(image), '']) {
    const requirements = rows?.get(scope);
    if (requirements) return { scope: `${image.transport} ${JSON.stringify(scope)}`, requirements };
  }
  return { scope: 'default', requirements: policy.default };
}

function dockerScopes(reference: Reference): string[] {
  const { registry, repository } = reference;
  const parts = `${registry}/${repository}`.split('/');
  const names = parts.map((_part, at) => parts.slice(0, parts.length - at).join('/'));
  const host = registry.replace(/:\d+$/, '').split('.');
  const wildcards = host.slice(1).map((_part, at) => `*.${host.slice(at + 1).join('.')}`);
  return [formatReference(reference), ...names, ...wildcards];
}

/** Without the tag, as peers: one image may be named by several, or by none. */
function layoutScopes({ path }: { path: string }): string[] {
  const parts = path.split('/');
  return parts.map((_part, at) => parts.slice(0, parts.length - at).join('/')).filter((each) => each !== '');
}
