/** A kubeconfig (`clientcmd/v1`), as far as a node needs one: where the API server is, and how to prove who asks. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, systemFact } from '@stillframe/core';
import { absent, flag, group, list, type Read, text } from '@stillframe/core/schema';
import { parse } from 'yaml';
import { kubeletError } from '../errors.ts';

/** One cluster and one user of it. PEM as text, or the file that holds it, read at each use: such files are renewed. */
export interface ClusterAccess {
  /** `https://host:port`, without a path's last slash. */
  readonly server: string;
  readonly authority: Pem | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  readonly certificate: Pem | undefined;
  readonly key: Pem | undefined;
  readonly token: { readonly value: string } | { readonly file: string } | undefined;
}

/** PEM as it is, or the absolute path of its file. */
export type Pem = { readonly pem: string } | { readonly file: string };

const open = { others: 'ignored' } as const;
const schema = group(
  {
    'current-context': text,
    clusters: list(
      group(
        {
          name: text,
          cluster: group(
            {
              server: text,
              'certificate-authority': text,
              'certificate-authority-data': text,
              'insecure-skip-tls-verify': flag,
              'tls-server-name': text,
              'proxy-url': absent('a proxy is not spoken to'),
            },
            open,
          ),
        },
        open,
      ),
    ),
    users: list(
      group(
        {
          name: text,
          user: group(
            {
              'client-certificate': text,
              'client-certificate-data': text,
              'client-key': text,
              'client-key-data': text,
              token: text,
              tokenFile: text,
              exec: absent('no programs are run for credentials; give a certificate or a token'),
            },
            open,
          ),
        },
        open,
      ),
    ),
    contexts: list(group({ name: text, context: group({ cluster: text, user: text }, open) }, open)),
  },
  open,
);
type Document = Read<typeof schema>;

/** Reads the file `path`. Throws ERR_KUBELET_KUBECONFIG, which names the place at fault. */
export async function readKubeconfig(path: string): Promise<ClusterAccess> {
  const source = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw kubeletError('ERR_KUBELET_KUBECONFIG', `${path} ${systemFact(cause)}`, { cause });
  });
  return parseKubeconfig(source, path);
}

/** The access of the current context. `path`: absolute; relative paths in it are meant from its folder. */
export function parseKubeconfig(source: string, path: string): ClusterAccess {
  try {
    return accessOf(schema(parse(source, { strict: true, uniqueKeys: true, maxAliasCount: 0 }), ''), dirname(path));
  } catch (cause) {
    throw kubeletError('ERR_KUBELET_KUBECONFIG', `${path}: ${messageOf(cause)}`, { cause, details: { path } });
  }
}

function accessOf(document: Document, folder: string): ClusterAccess {
  const current = document['current-context'];
  if (current === undefined) throw new Error('it names no current-context');
  const context = named(document.contexts, current, 'context').context ?? {};
  const cluster = named(document.clusters, context.cluster, 'cluster').cluster ?? {};
  const user = context.user === undefined ? {} : (named(document.users, context.user, 'user').user ?? {});
  const { server = '' } = cluster;
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') throw new Error('its server is no https URL');
  const pem = (data: string | undefined, file: string | undefined): Pem | undefined => {
    if (data !== undefined) return { pem: Buffer.from(data, 'base64').toString() };
    return file === undefined ? undefined : { file: resolve(folder, file) };
  };
  const { token, tokenFile } = user;
  const bearer = token === undefined ? undefined : { value: token };
  return {
    server: server.replace(/\/+$/, ''),
    authority: pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    serverName: cluster['tls-server-name'],
    insecure: cluster['insecure-skip-tls-verify'] ?? false,
    certificate: pem(user['client-certificate-data'], user['client-certificate']),
    key: pem(user['client-key-data'], user['client-key']),
    // A file is renewed, so it is asked first, as Kubernetes does.
    token: tokenFile === undefined ? bearer : { file: resolve(folder, tokenFile) },
  };
}

function named<T extends { name?: string }>(
  entries: readonly T[] | undefined,
  name: string | undefined,
  what: string,
): T {
  const found = entries?.find((entry) => entry.name === name);
  if (!found) throw new Error(`it has no ${what} ${JSON.stringify(name ?? '')}`);
  return found;
}
