/**
 * Kubeconfigs (`clientcmd/v1`) with every way to authenticate. Files are read and merged here, as client-go does it; what
 * proves who asks (certificates, tokens, programs, OpenID Connect, proxies) is the work of @kubernetes/client-node.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { delimiter, dirname, join, resolve } from 'node:path';
import { harmless, isObject, type JsonObject, listAt, messageOf, systemFact, textAt } from '@stillframe/core';
import { parse } from 'yaml';
import { clusterError } from '../errors.ts';
import type { ClusterAccess, Credentials } from './access.ts';

export interface KubeconfigChoice {
  /** The file of `--kubeconfig`; else those that KUBECONFIG names, else `~/.kube/config`. */
  file?: string | undefined;
  /** The context; else the current one. */
  context?: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** Bytes of a file: a thousand clusters with their certificates have 8 MiB. */
const LARGEST_FILE = 32 << 20;
/** Keys of a cluster or user that hold a path. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];
type Kind = 'clusters' | 'users' | 'contexts';

/** Opens one context. No connection is made and no program run yet. Throws ERR_CLUSTER_KUBECONFIG. */
export async function openKubeconfig({ file, context, env }: KubeconfigChoice): Promise<ClusterAccess> {
  const files = filesOf(file, env);
  const documents = await Promise.all(files.map((path) => readDocument(path, file === undefined && files.length > 1)));
  const found = documents.filter((document) => document !== undefined);
  const from = files.map(harmless).join(', ');
  if (found.length === 0) throw clusterError('ERR_CLUSTER_KUBECONFIG', `there is no kubeconfig at ${from}`);
  const name = context ?? found.map((each) => textAt(each, 'current-context')).find((text) => text !== '');
  if (name === undefined) {
    throw clusterError('ERR_CLUSTER_KUBECONFIG', `${from} names no current-context`, {
      hint: 'name a context with --context; `kubectl config get-contexts` lists them',
    });
  }
  const chosen = named(found, 'contexts', name, from);
  const cluster = named(found, 'clusters', textAt(chosen, 'context', 'cluster'), from);
  const userName = textAt(chosen, 'context', 'user');
  const user = userName === '' ? { name: '', user: {} } : named(found, 'users', userName, from);
  const server = textAt(cluster, 'cluster', 'server').replace(/\/+$/, '');
  if (URL.parse(server)?.protocol !== 'https:') {
    throw clusterError('ERR_CLUSTER_KUBECONFIG', `the server of context ${harmless(name)} is no https URL`);
  }
  return {
    server,
    context: name,
    kubeNamespace: textAt(chosen, 'context', 'namespace') || 'default',
    credentials: credentialsOf({ name, server, cluster, user }),
  };
}

function filesOf(file: string | undefined, env: KubeconfigChoice['env']): string[] {
  if (file !== undefined) return [resolve(file)];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? listed.map((path) => resolve(path)) : [join(env['HOME'] ?? '/', '.kube', 'config')];
}

/** Of several files, one that is not there counts as empty, as with kubectl. */
async function readDocument(path: string, mayMiss: boolean): Promise<JsonObject | undefined> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (cause) {
    if (mayMiss) return undefined;
    throw clusterError('ERR_CLUSTER_KUBECONFIG', `${harmless(path)} ${systemFact(cause)}`, { cause });
  }
  try {
    if (source.length > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes`);
    const document: unknown = parse(source, { strict: true, uniqueKeys: true, maxAliasCount: 0 });
    if (!isObject(document)) throw new Error('it is no kubeconfig');
    return withWholePaths(document, dirname(path));
  } catch (cause) {
    throw clusterError('ERR_CLUSTER_KUBECONFIG', `${harmless(path)}: ${harmless(messageOf(cause))}`, { cause });
  }
}

/** Relative paths are meant from the folder of their file. */
function withWholePaths(document: JsonObject, folder: string): JsonObject {
  const whole = (kind: Kind, inner: string) =>
    listAt(document, kind).map((entry) => {
      if (!isObject(entry) || !isObject(entry[inner])) return entry;
      const fields = Object.entries(entry[inner]).map(([key, value]) => [
        key,
        PATHS.includes(key) && typeof value === 'string' && value !== '' ? resolve(folder, value) : value,
      ]);
      return { ...entry, [inner]: Object.fromEntries(fields) };
    });
  return { ...document, clusters: whole('clusters', 'cluster'), users: whole('users', 'user') };
}

/** The first file that has it wins. */
function named(documents: readonly JsonObject[], kind: Kind, name: string, from: string): JsonObject {
  const all = documents.flatMap((document) => listAt(document, kind));
  const found = all.find((entry) => textAt(entry, 'name') === name);
  if (isObject(found)) return found;
  throw clusterError('ERR_CLUSTER_KUBECONFIG', `${from} has no ${kind.slice(0, -1)} ${JSON.stringify(name)}`);
}

/** The library is large, so it is loaded at the first request. */
function credentialsOf(chosen: { name: string; server: string; cluster: JsonObject; user: JsonObject }) {
  let opened: Promise<(options: RequestOptions) => Promise<void>> | undefined;
  return async (): Promise<Credentials> => {
    const options: RequestOptions = {};
    try {
      opened ??= openLibrary(chosen);
      await (await opened)(options);
    } catch (cause) {
      opened = undefined;
      const reason = harmless(messageOf(cause).slice(0, 2000));
      throw clusterError('ERR_CLUSTER_CREDENTIALS', `no credentials for context ${harmless(chosen.name)}: ${reason}`, {
        cause,
      });
    }
    const { ca, cert, key, agent, servername, rejectUnauthorized, auth, headers = {} } = options;
    const basic: Record<string, string> = auth
      ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
      : {};
    return {
      ...{ ca, cert, key, servername, rejectUnauthorized },
      agent: typeof agent === 'object' ? agent : undefined,
      headers: { ...basic, ...trimmed(headers as Record<string, string>), ...groupsOf(chosen.user) },
    };
  };
}

async function openLibrary({ name, cluster, user }: { name: string; cluster: JsonObject; user: JsonObject }) {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const userName = textAt(user, 'name');
  const document = {
    clusters: [{ ...cluster, name }],
    users: [{ name: userName, user: userFields(user['user'], cluster) }],
    contexts: [{ name, context: { cluster: name, user: userName } }],
    'current-context': name,
  };
  config.loadFromString(JSON.stringify(document));
  return (options: RequestOptions) => config.applyToHTTPSOptions(options);
}

/** What the library does not read itself: a token's file, and what a program is told of the cluster it logs in to. */
function userFields(user: unknown, cluster: JsonObject): JsonObject {
  if (!isObject(user)) return {};
  const { tokenFile, exec } = user;
  if (typeof tokenFile === 'string' && tokenFile !== '') {
    return { ...user, token: undefined, 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
  }
  if (!isObject(exec)) return user;
  const about = { server: textAt(cluster, 'cluster', 'server') };
  const spec = { interactive: false, ...(exec['provideClusterInfo'] === true ? { cluster: about } : {}) };
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion: exec['apiVersion'], spec });
  const env = [...listAt(exec, 'env'), { name: 'KUBERNETES_EXEC_INFO', value: info }];
  return { ...user, exec: { ...exec, env } };
}

/** A token's file ends with a line's end, which no header may have. */
function trimmed(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value).trim()]));
}

/** Whom one acts as has groups, too (`as-groups`), without which it would be another user. */
function groupsOf(user: JsonObject): Record<string, string[]> {
  const groups = listAt(user, 'user', 'as-groups').filter((group): group is string => typeof group === 'string');
  return groups.length > 0 ? { 'Impersonate-Group': groups } : {};
}
