/** Authorities to trust and certificates to show, laid ready for one registry (containers-certs.d(5)). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { limits, readAll, systemCode, systemFact } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import type { Certificates } from '@stillframe/oci';
import { cliError } from '../usage.ts';

export interface CertificatePlaces {
  /** The user's home folder. */
  home: string | undefined;
  /** One folder for every registry, with the files themselves in it, in place of all others. */
  folder?: string | undefined;
  /** `/etc`. */
  system?: string;
}

/**
 * What is laid ready for `registry` (host with optional port, as in references), in the first of the usual folders that has
 * one of its name. The authorities of the system and of Node.js are trusted all the same. Throws ERR_REGISTRY_CERTIFICATES for
 * a folder that is named and not there, and for files that cannot be used.
 */
export async function readCertificates(registry: string, places: CertificatePlaces): Promise<Certificates> {
  // Loaded here: commands that ask no registry start without TLS.
  const { createSecureContext, getCACertificates } = await import('node:tls');
  const contextOf = (options: SecureContextOptions) => usable(folder, () => createSecureContext(options));
  const usual = [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  const { folder, names } = await folderFor(registry, places);
  const authorities: string[] = [];
  const identities: { cert: string; key: string }[] = [];
  for (const name of names) {
    if (name.endsWith('.crt')) authorities.push(await pemIn(join(folder, name)));
    const [base, other] = name.endsWith('.cert') ? [name.slice(0, -5), '.key'] : [name.slice(0, -4), '.cert'];
    if (!name.endsWith('.cert') && !name.endsWith('.key')) continue;
    if (!names.includes(`${base}${other}`))
      throw wrong(folder, `${join(folder, name)} stands there without ${base}${other}`);
    if (other === '.key')
      identities.push({ cert: await pemIn(join(folder, name)), key: await pemIn(join(folder, `${base}.key`)) });
  }
  const ca = [...usual, ...authorities];
  const others = contextOf({ ca });
  if (authorities.length + identities.length === 0) return { others };
  const [cert, key] = [identities.map((each) => each.cert), identities.map((each) => each.key)];
  return { others, own: identities.length === 0 ? others : contextOf({ ca, cert, key }) };
}

async function folderFor(registry: string, { home, folder, system = '/etc' }: CertificatePlaces) {
  if (folder !== undefined) {
    const names = await namesIn(folder);
    if (!names) throw wrong(folder, `${folder} is no folder that can be read`);
    return { folder, names };
  }
  const usual = [
    ...(home === undefined ? [] : [join(home, '.config/containers/certs.d')]),
    join(system, 'containers/certs.d'),
    join(system, 'docker/certs.d'),
  ];
  for (const parent of usual) {
    const own = join(parent, registry);
    const names = await namesIn(own);
    if (names) return { folder: own, names };
  }
  return { folder: '', names: [] };
}

/** Undefined where there is no such folder, or it is not for this user. */
async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(cause) ?? '')) return undefined;
    throw wrong(folder, `${folder} ${systemFact(cause)}`, cause);
  }
}

async function pemIn(path: string): Promise<string> {
  try {
    await using file = await openFileSource(path);
    return new TextDecoder().decode(await readAll(file, { limit: limits.json }));
  } catch (cause) {
    throw wrong(path, `${path} cannot be read`, cause);
  }
}

/** What OpenSSL says of a key may hold some of it; its code does not. */
function usable<T>(folder: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw wrong(folder, `${folder} holds something that is no certificate or key (${systemCode(cause) ?? 'unknown'})`);
  }
}

function wrong(path: string, message: string, cause?: unknown) {
  return cliError('ERR_REGISTRY_CERTIFICATES', message, { cause, details: { path } });
}
