/** `stillframe node kubeconfig`: credentials for the API of a node in one file. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { writeTextAtomically } from '@stillframe/core/file';
import { nodeKubeconfig, openNodePki } from '@stillframe/kubelet';
import { foldersOf, type NodePaths } from '@stillframe/runtime/place';
import { cliError } from '../usage.ts';
import { readEndpoints } from './endpoints.ts';

export interface KubeconfigRequest {
  user?: string;
  group?: string[];
  /** A year where left out. */
  days?: string;
  server?: string;
  /** File to write; `-` for none: the text is then the result. */
  file?: string;
}

export interface WrittenKubeconfig {
  /** Undefined where nothing was written. */
  path: string | undefined;
  text: string;
}

/** Makes a kubeconfig and writes it with mode 0600. Throws ERR_USAGE_ARGUMENT, ERR_NODE_NOT_RUNNING, ERR_KUBELET_USER_NAME. */
export async function writeKubeconfig(paths: NodePaths, asked: KubeconfigRequest): Promise<WrittenKubeconfig> {
  const { user, group = [] } = asked;
  if (user === undefined && group.length > 0) {
    throw cliError('ERR_USAGE_ARGUMENT', '--group goes with --user: the administrator has the groups it has');
  }
  if (user === undefined && asked.days !== undefined) {
    throw cliError(
      'ERR_USAGE_ARGUMENT',
      '--days goes with --user: the administrator’s certificate is renewed by the node',
    );
  }
  const days = daysOf(asked.days ?? '365');
  const server = asked.server === undefined ? await serverOf(paths) : serverAsked(asked.server);
  const folder = foldersOf(paths).pki;
  const text = await nodeKubeconfig({
    // Renews what ends soon, the administrator's certificate too.
    pki: await openNodePki({ folder, nodeName: hostname() }),
    nodeName: hostname(),
    server,
    user: user === undefined ? undefined : { name: user, groups: group },
    days,
  });
  if (asked.file === '-') return { path: undefined, text };
  const usual = user === undefined ? 'kubeconfig' : `kubeconfig-${user.replace(/[^\w.@-]/g, '_')}`;
  const path = asked.file === undefined ? join(folder, usual) : resolve(asked.file);
  await writeTextAtomically(path, text, { mode: 0o600 });
  return { path, text };
}

/** Where the node is reached, also by others where it listens on every address. */
async function serverOf(paths: NodePaths): Promise<string> {
  const endpoints = await readEndpoints(paths.state);
  if (!endpoints) {
    throw cliError('ERR_NODE_NOT_RUNNING', `no node ever ran with the state folder ${paths.state}`, {
      hint: 'start it with `npx stillframe node up`, or say with --server where it will be',
    });
  }
  const url = new URL(endpoints.kubelet);
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = hostname();
  return url.origin;
}

function serverAsked(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw cliError('ERR_USAGE_ARGUMENT', `--server takes an https URL, not ${JSON.stringify(text)}`);
}

function daysOf(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= 3650) return days;
  throw cliError('ERR_USAGE_ARGUMENT', `--days takes a whole number from 1 to 3650, not ${JSON.stringify(text)}`);
}
