/** `--kubelet` and what goes with it: a kubelet's HTTPS API instead of a CRI socket. */
import { lstat } from 'node:fs/promises';
import { type ByteSource, limits, readAll } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { type KubeletClient, openKubeletClient } from '@stillframe/kubelet/client';
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';

/** Options of commands that can ask a kubelet. */
export interface KubeletPlace {
  kubelet?: string;
  cert?: string;
  key?: string;
  ca?: string;
  tokenFile?: string;
  insecureSkipTlsVerify?: boolean;
}

export function withKubelet(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--kubelet <url>',
        'a kubelet’s HTTPS API: https://NODE:10250, or …/api/v1/nodes/NODE:10250/proxy of an API server',
      )
        .env('STILLFRAME_KUBELET')
        .conflicts('cri'),
    )
    .option('--cert <file>', 'with --kubelet: client certificate, PEM')
    .option('--key <file>', 'with --kubelet: its key, PEM')
    .option('--ca <file>', 'with --kubelet: who may have signed the kubelet’s certificate, PEM')
    .option('--token-file <file>', 'with --kubelet: bearer token')
    .option(
      '--insecure-skip-tls-verify',
      'with --kubelet: take any certificate; whoever is in between can forge the answer',
    );
}

/** Throws ERR_USAGE_ARGUMENT for options that do not fit together, ERR_KUBELET_URL, and what reading the files throws. */
export async function openKubelet(place: KubeletPlace & { kubelet: string }, io: Io): Promise<KubeletClient> {
  const { kubelet: url, cert, key, ca, tokenFile, insecureSkipTlsVerify: insecure } = place;
  if ((cert === undefined) !== (key === undefined) && !(await holdsKey(cert))) {
    throw cliError('ERR_USAGE_ARGUMENT', '--cert and --key go together');
  }
  if (ca !== undefined && insecure) {
    throw cliError('ERR_USAGE_ARGUMENT', '--ca says whom to trust, --insecure-skip-tls-verify that all are');
  }
  if (insecure) io.err('warning: the kubelet’s certificate is not checked\n');
  const token = tokenFile === undefined ? undefined : (await secretIn(tokenFile, io)).trim();
  return openKubeletClient({
    url,
    cert: await textIn(cert),
    key: key === undefined ? await textIn(cert) : await secretIn(key, io),
    ca: await textIn(ca),
    token,
    insecure,
  });
}

/** curl takes one file for both, and so do kubelets' own. */
async function holdsKey(cert: string | undefined): Promise<boolean> {
  return cert !== undefined && /PRIVATE KEY/.test((await textIn(cert)) ?? '');
}

async function textIn(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  await using source: ByteSource & AsyncDisposable = await openFileSource(path);
  return Buffer.from(await readAll(source, { limit: limits.json })).toString('utf8');
}

/** Says where others can read it, too. */
async function secretIn(path: string, io: Io): Promise<string> {
  const { mode } = await lstat(path);
  if ((mode & 0o077) !== 0) io.err(`warning: ${path} can be read by others than its owner\n`);
  return (await textIn(path)) ?? '';
}
