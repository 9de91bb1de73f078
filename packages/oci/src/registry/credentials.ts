/** Who we are to a registry: the port, and the auth.json that docker, podman and skopeo write at login. */
import { stat } from 'node:fs/promises';
import { isObject, type JsonObject, limits, orAbsent, readAll } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import type { ContentOptions } from '../content.ts';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';

/** A name and password, a token that token servers exchange for access tokens, or such an access token itself. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string }
  | { readonly kind: 'registry-token'; readonly token: string };

/** Finds credentials; asked again whenever a registry demands some, so that new ones are seen. */
export interface CredentialsProvider {
  /** Credentials for a repository of `registry` (host and port as in references), or undefined: go without. */
  credentialsFor(
    registry: string,
    repository: string | undefined,
    options?: ContentOptions,
  ): Promise<Credentials | undefined>;
}

/** Always anonymous. */
export const noCredentials: CredentialsProvider = { credentialsFor: async () => undefined };

/**
 * Asks a credential helper, by its name without `docker-credential-`, for a server (docker: credential-helpers protocol).
 * Undefined where it knows none.
 */
export type CredentialStore = (
  name: string,
  server: string,
  options: ContentOptions,
) => Promise<{ username: string; secret: string } | undefined>;

/** Options of authFileCredentials. */
export interface AuthFileOptions {
  /** Runs the helpers that files name in `credHelpers` and `credsStore`; without one they are passed over. */
  helper?: CredentialStore | undefined;
}

/**
 * Reads the `auths` of the files in `paths` (containers-auth.json(5), docker's config.json); missing files are passed
 * over, the first file with a fitting entry decides, the most specific entry of a file fits. A file's helper for the registry
 * (`credHelpers`, else `credsStore`) is asked before its entries.
 * Asking throws ERR_OCI_CREDENTIALS_INVALID, which never quotes a file.
 */
export function authFileCredentials(paths: readonly string[], { helper }: AuthFileOptions = {}): CredentialsProvider {
  return {
    async credentialsFor(registry, repository, options = {}) {
      for (const path of paths) {
        const file = await readAuthFile(path);
        const helped = file && helper && (await fromHelper(helper, file, { registry, path, ...options }));
        if (helped) return helped;
        const entry = file?.auths && entryFor(file.auths, registry, repository);
        if (entry) return credentialsIn(entry, path);
      }
      return undefined;
    },
  };
}

/** What docker's own registry is called by helpers and old logins. */
const DOCKER_HUB = 'https://index.docker.io/v1/';
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

async function fromHelper(
  helper: CredentialStore,
  { helpers, store }: AuthFile,
  { registry, path, signal }: { registry: string; path: string } & ContentOptions,
): Promise<Credentials | undefined> {
  const server = registry === 'docker.io' ? DOCKER_HUB : registry;
  const own = helpers && [server, registry].find((name) => Object.hasOwn(helpers, name));
  const name = own === undefined ? store : helpers?.[own];
  if (name === undefined || name === '') return undefined;
  // It becomes part of a program's name.
  if (typeof name !== 'string' || !HELPER_NAME.test(name))
    throw broken(path, 'names a credential helper that cannot be one');
  const found = await helper(name, server, { signal });
  if (!found) return undefined;
  const { username, secret } = found;
  return username === '<token>'
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret };
}

interface AuthFile {
  auths: JsonObject | undefined;
  helpers: JsonObject | undefined;
  store: unknown;
}

async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  const found = await orAbsent(stat(path), 'ENOENT', 'ENOTDIR');
  if (!found) return undefined;
  if (!found.isFile()) throw broken(path, 'is not a regular file');
  await using file = await openFileSource(path);
  const document = documentIn(await readAll(file, { limit: limits.json }), path);
  const object = (name: string): JsonObject | undefined => {
    const value = document[name];
    if (value !== undefined && !isObject(value)) throw broken(path, `has a \`${name}\` that is not an object`);
    return value;
  };
  return { auths: object('auths'), helpers: object('credHelpers'), store: document['credsStore'] };
}

function documentIn(bytes: Uint8Array, path: string): JsonObject {
  try {
    return decodeObject(bytes, path, limits.json);
  } catch {
    // What was wrong in it is not told: it may be a secret.
    throw broken(path, 'is no JSON object');
  }
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
