/** The PKI of one node: made on first use in a folder, renewed in time. File names are those of Kubernetes. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isCode, orAbsent } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { kubeletError } from '../errors.ts';
import type { Leaf } from './issue.ts';

/** The user that the client certificate names, as its common name. */
export const ADMIN_USER = 'stillframe:admin';
/** The group that the client certificate names, as its organization; Kubernetes gives it every right. */
export const ADMIN_GROUP = 'system:masters';

/** Days before its end at which a certificate is renewed. */
const RENEWAL_DAYS = 30;
const DAY = 86_400_000;

export interface NodePkiOptions {
  /** Absolute path; made with mode 0700 when absent. */
  folder: string;
  /** Names the server certificate. */
  nodeName: string;
  /** Addresses and names under which clients reach the server, beside localhost and the host's own name. */
  addresses?: readonly string[];
  /** The time at which certificates are judged and issued; now by default. */
  now?: Date;
}

/** Absolute paths of the six files. */
export interface PkiPaths {
  readonly authority: string;
  readonly authorityKey: string;
  readonly server: string;
  readonly serverKey: string;
  readonly client: string;
  readonly clientKey: string;
}

/** What the server needs of the PKI, as PEM, and where everything is. */
export interface NodePki {
  readonly paths: PkiPaths;
  readonly authority: string;
  readonly server: string;
  readonly serverKey: string;
}

/** Where the files of the PKI in `folder` are. */
export function pkiPaths(folder: string): PkiPaths {
  return {
    authority: join(folder, 'ca.crt'),
    authorityKey: join(folder, 'ca.key'),
    server: join(folder, 'server.crt'),
    serverKey: join(folder, 'server.key'),
    client: join(folder, 'apiserver-kubelet-client.crt'),
    clientKey: join(folder, 'apiserver-kubelet-client.key'),
  };
}

/**
 * Reads the PKI of `folder`, making or renewing what is absent, ends within 30 days, or does not fit the rest.
 * Keys are never replaced, only certificates; every file appears whole. So a start that was killed is completed by the
 * next one, and two starts at one moment agree. Throws ERR_KUBELET_PKI_DAMAGED for a key that cannot be read.
 */
export async function openNodePki(options: NodePkiOptions): Promise<NodePki> {
  const { folder, nodeName, addresses = [], now = new Date() } = options;
  if (!isAbsolute(folder)) throw kubeletError('ERR_KUBELET_PATH_RELATIVE', `PKI folder ${folder} is not absolute`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const paths = pkiPaths(folder);

  const authorityKey = await ensureKey(paths.authorityKey);
  // What makes certificates is a sixth of all that a node loads, and one start in many makes one.
  const authority = await ensureCertificate(
    paths.authority,
    (found) => found.ca && endsLate(found, now) && found.checkPrivateKey(createPrivateKey(authorityKey)),
    async () => (await import('./issue.ts')).issueAuthority(authorityKey, `stillframe-node-ca@${nodeName}`, now),
  );

  const leafFile = async (path: string, keyPath: string, leaf: Leaf) => {
    const key = await ensureKey(keyPath);
    const fits = (found: X509Certificate) =>
      endsLate(found, now) && isLeafOf(found, new X509Certificate(authority), createPrivateKey(key), leaf);
    const signer = { certificatePem: authority, keyPem: authorityKey };
    const issue = async () => (await import('./issue.ts')).issueLeaf(key, leaf, signer, now);
    return { key, certificate: await ensureCertificate(path, fits, issue) };
  };
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
  const server = await leafFile(paths.server, paths.serverKey, { use: 'server', commonName: nodeName, names });
  await leafFile(paths.client, paths.clientKey, {
    use: 'client',
    commonName: ADMIN_USER,
    organizations: [ADMIN_GROUP],
  });
  return { paths, authority, server: server.certificate, serverKey: server.key };
}

async function ensureKey(path: string): Promise<string> {
  const found = await orAbsent(readFile(path, 'utf8'), 'ENOENT');
  if (found === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    try {
      await writeTextAtomically(path, String(privateKey.export({ format: 'pem', type: 'pkcs8' })), { replace: false });
    } catch (error) {
      // Another start was first: its key counts.
      if (!isCode(error, 'ERR_FILE_EXISTS')) throw error;
    }
    return ensureKey(path);
  }
  await chmod(path, 0o600);
  try {
    const key = createPrivateKey(found);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return found;
  } catch (cause) {
    throw kubeletError('ERR_KUBELET_PKI_DAMAGED', `${path} holds no private key`, { cause, details: { path } });
  }
  throw kubeletError('ERR_KUBELET_PKI_DAMAGED', `${path} holds no ECDSA P-256 key`, { details: { path } });
}

async function ensureCertificate(
  path: string,
  fits: (found: X509Certificate) => boolean,
  issue: () => Promise<string>,
): Promise<string> {
  const found = await orAbsent(readFile(path, 'utf8'), 'ENOENT');
  const parsed = found === undefined ? undefined : parseCertificate(found);
  if (found !== undefined && parsed !== undefined && fits(parsed)) return found;
  const text = await issue();
  await writeTextAtomically(path, text, { mode: 0o644 });
  return text;
}

function isLeafOf(found: X509Certificate, authority: X509Certificate, key: KeyObject, leaf: Leaf): boolean {
  if (!found.checkPrivateKey(key) || !found.checkIssued(authority) || !found.verify(authority.publicKey)) return false;
  if (leaf.use === 'client') return true;
  return leaf.names.every((name) => (isIP(name) ? found.checkIP(name) : found.checkHost(name)) !== undefined);
}

function endsLate(found: X509Certificate, now: Date): boolean {
  const remaining = found.validToDate.getTime() - now.getTime();
  return found.validFromDate <= now && remaining >= RENEWAL_DAYS * DAY;
}

/** A certificate that cannot be parsed is issued anew, so it counts as absent. */
function parseCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}
