/** A kubeconfig for the API of one node, with a client certificate of its own in it. */
import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { kubeletError } from '../errors.ts';
import { ADMIN_USER, type NodePki } from './node-pki.ts';

export interface KubeconfigOptions {
  readonly pki: NodePki;
  readonly nodeName: string;
  /** `https://host:port` */
  readonly server: string;
  /** Who it is for; the node's administrator, whose certificate the node renews, where nobody is named. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] } | undefined;
  /** Days that the certificate is good for, a year by default: there is no way to take it back sooner. */
  readonly days?: number | undefined;
  readonly now?: Date;
}

/** Bytes of a common name (RFC 5280, ub-common-name), and of a group likewise. */
const NAME_LIMIT = 64;

/** The text of the kubeconfig, which holds a private key. Throws ERR_KUBELET_USER_NAME. */
export async function nodeKubeconfig(options: KubeconfigOptions): Promise<string> {
  const { pki, nodeName, server, user, now = new Date() } = options;
  const name = user?.name ?? ADMIN_USER;
  const { certificate, key } = user ? await issued(options, user, now) : await administrator(pki);
  const context = `${name}@${nodeName}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: nodeName, cluster: { server, 'certificate-authority-data': base64(pki.authority) } }],
    users: [{ name, user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: context, context: { cluster: nodeName, user: name } }],
    'current-context': context,
  });
}

interface Credentials {
  certificate: string;
  key: string;
}

async function administrator({ paths }: NodePki): Promise<Credentials> {
  return { certificate: await readFile(paths.client, 'utf8'), key: await readFile(paths.clientKey, 'utf8') };
}

async function issued(
  { pki, days }: KubeconfigOptions,
  { name, groups }: { name: string; groups: readonly string[] },
  now: Date,
): Promise<Credentials> {
  for (const each of [name, ...groups]) {
    const bytes = Buffer.byteLength(each);
    if (bytes >= 1 && bytes <= NAME_LIMIT && !/\p{C}/u.test(each)) continue;
    const what = `${JSON.stringify(each)} is no name that a certificate can hold: 1 to ${NAME_LIMIT} bytes of text`;
    throw kubeletError('ERR_KUBELET_USER_NAME', what);
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const signer = { certificatePem: pki.authority, keyPem: await readFile(pki.paths.authorityKey, 'utf8') };
  const leaf = { use: 'client', commonName: name, organizations: groups } as const;
  const { issueLeaf } = await import('./issue.ts');
  return { certificate: await issueLeaf(key, leaf, signer, now, days), key };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
