/** Who we are to a registry: the port, and the auth.json that docker, podman and skopeo write at login. */
import { stat } from 'node:fs/promises';
import { limits, readAll, systemCode } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { ociError } from '../errors.ts';
import { decodeObject, isObject, type JsonObject } from '../json.ts';

/** A name and password, a token that token servers exchange for access tokens, or such an access token itself. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string }
  | { readonly kind: 'registry-token'; readonly token: string };

/** Finds credentials; asked again whenever a registry demands some, so that new ones are seen. */
export interface CredentialsProvider {
  /** Credentials for a repository of `registry` (host and port as in references), or undefined: go without. */
  credentialsFor(registry: string, repository: string | undefined): Promise<Credentials | undefined>;
}

/** Always anonymous. */
export const noCredentials: CredentialsProvider = { credentialsFor: async () => undefined };

/**
 * Reads the `auths` of the files in `paths` (containers-auth.json(5), docker's config.json); missing files are passed
 * over, the first file with a fitting entry decides, the most specific entry of a file fits.
 * Asking throws ERR_OCI_CREDENTIALS_INVALID, which never quotes a file.
 */
export function authFileCredentials(paths: readonly string[]): CredentialsProvider {
  return {
    async credentialsFor(registry, repository) {
      for (const path of paths) {
        const auths = await readAuths(path);
        const entry = auths && entryFor(auths, registry, repository);
        if (entry) return credentialsIn(entry, path);
      }
      return undefined;
    },
  };
}

async function readAuths(path: string): Promise<JsonObject | undefined> {
  try {
    if (!(await stat(path)).isFile()) throw broken(path, 'is not a regular file');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  await using file = await openFileSource(path);
  const document = decodeObject(await readAll(file, { limit: limits.json }), path, limits.json);
  const auths = document['auths'];
  if (auths === undefined) return undefined;
  if (!isObject(auths)) throw broken(path, 'has an `auths` that is not an object');
  return auths;
}

/** Keys are `host`, `host/namespace/…`, or the URL that old docker logins left: `https://host/v1/`. */
function entryFor(auths: JsonObject, registry: string, repository: string | undefined): JsonObject | undefined {
  const byName = new Map(Object.entries(auths).map(([key, value]) => [normalized(key), value]));
  const parts = repository?.split('/') ?? [];
  for (let length = parts.length; length >= 0; length -= 1) {
    const entry = byName.get([registry, ...parts.slice(0, length)].join('/'));
    if (isObject(entry)) return entry;
  }
  return undefined;
}

function normalized(key: string): string {
  const name = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  return name.replace(/^(?:index|registry-1)\.docker\.io(?=\/|$)/, 'docker.io');
}

function credentialsIn(entry: JsonObject, path: string): Credentials | undefined {
  const token = entry['identitytoken'];
  if (typeof token === 'string' && token !== '') return { kind: 'identity-token', token };
  const auth = entry['auth'];
  // docker leaves an empty entry where a credential helper holds the password.
  if (auth === undefined || auth === '') return undefined;
  const text = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString() : '';
  const colon = text.indexOf(':');
  if (colon <= 0) throw broken(path, 'has an `auth` that is not base64 of name:password');
  // docker pads the password with NUL.
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

function broken(path: string, fault: string) {
  return ociError('ERR_OCI_CREDENTIALS_INVALID', `${path} ${fault}`, { details: { path } });
}
