/** How an encrypted layer is marked (ocicrypt: spec; image-spec says nothing of it). */
import type { Descriptor } from '../descriptor.ts';
import { mediaTypes } from '../descriptor.ts';

const SUFFIX = '+encrypted';
/** Annotations that belong to encryption begin so. */
const NAMESPACE = 'org.opencontainers.image.enc.';
/** How the key is wrapped begins so; the rest names the way. */
const KEYS = `${NAMESPACE}keys.`;

/** Annotation with JWEs, each in base64, with commas between them. */
export const JWE = `${KEYS}jwe`;
/** Annotation with the public options, JSON in base64. */
export const PUBLIC_OPTIONS = `${NAMESPACE}pubopts`;

const ENCRYPTABLE: readonly string[] = [mediaTypes.layer, mediaTypes.layerGzip, mediaTypes.layerZstd];

export function isEncryptedType(mediaType: string): boolean {
  return mediaType.endsWith(SUFFIX);
}

/** The type of such a layer once encrypted; undefined where none is defined. */
export function encryptedType(mediaType: string): string | undefined {
  return ENCRYPTABLE.includes(mediaType) ? `${mediaType}${SUFFIX}` : undefined;
}

export function decryptedType(mediaType: string): string {
  return isEncryptedType(mediaType) ? mediaType.slice(0, -SUFFIX.length) : mediaType;
}

/** The annotations that do not belong to encryption; undefined where there are none. */
export function otherAnnotations({ annotations }: Pick<Descriptor, 'annotations'>): Record<string, string> | undefined {
  const others = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith(NAMESPACE));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** In which ways the key of a layer is wrapped: `jwe`, `pgp`, `pkcs7`, … */
export function wrappings({ annotations }: Pick<Descriptor, 'annotations'>): string[] {
  return Object.keys(annotations ?? {}).flatMap((key) => (key.startsWith(KEYS) ? [key.slice(KEYS.length)] : []));
}
