/**
 * A CRIU that works with current kernels, in a folder of its own beside whatever the system has: taken from the
 * distribution's development release, run through its own loader and libraries, so that nothing else on the host changes.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { mainArchive } from './debian-sources.mjs';
import { withLock } from './lock.mjs';
import { find, fullPath, isExecutable, quietly, say } from './programs.mjs';

/** Older ones cannot dump sockets on kernels since 6.16, or do not start at all on newer ones. */
const OLDEST = [4, 2];

/** Where the private copy is: `bin/criu` is the program, `root/` what it is made of. */
export const criuHome = () => process.env.STILLFRAME_CRIU_HOME || '/opt/stillframe/criu';

/** Whether the CRIU named by STILLFRAME_CRIU, the private copy, or else the system's own works here. */
export function criuIsComplete() {
  const named = process.env.STILLFRAME_CRIU;
  if ((named && isRecent(named)) || isRecent(join(criuHome(), 'bin/criu'))) return true;
  const own = find('criu');
  if (own === undefined || !isRecent(own)) return false;
  // Only root can ask the kernel; for others the version must do.
  return process.getuid?.() !== 0 || quietly(own, ['check'], { timeout: 30_000 }).code === 0;
}

/** Brings the private copy. Returns undefined, or in one line why it could not be had. */
export function installCriu() {
  const home = criuHome();
  mkdirSync(dirname(home), { recursive: true });
  return withLock(`${home}.lock`, () => {
    removeHalves(home);
    // Another set-up may have brought it while this one waited.
    if (isRecent(join(home, 'bin/criu'))) return undefined;
    const partial = `${home}.partial-${process.pid}`;
    try {
      return build(partial, home);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  });
}

function build(partial, home) {
  const source = sourceForThisSystem();
  if (typeof source === 'string') return source;
  say(`bringing a private CRIU into ${home} (release ${source.suite} of the system's own mirror)`);
  const root = join(partial, 'root');
  mkdirSync(root, { recursive: true });
  const packages = download(join(partial, 'apt'), source);
  if (typeof packages === 'string') return packages;
  for (const file of packages) {
    const unpacked = quietly('dpkg', ['-x', file, root], { env: environment() });
    if (unpacked.code !== 0) return `dpkg cannot unpack ${basename(file)}: ${lastLine(unpacked.text)}`;
  }
  const parts = partsOf(root);
  if (typeof parts === 'string') return parts;
  const said = quietly(parts[0], parts.slice(1).concat('--version')).text;
  if (!recent(said)) return `release ${source.suite} of the mirror has ${lastLine(said)}, and 4.2 or later is needed`;
  rmSync(join(partial, 'apt'), { recursive: true, force: true });
  mkdirSync(join(partial, 'bin'));
  const final = parts.map((word) => quote(word.replaceAll(root, join(home, 'root'))));
  writeFileSync(join(partial, 'bin/criu'), `#!/bin/sh\nexec ${final.join(' ')} "$@"\n`);
  chmodSync(join(partial, 'bin/criu'), 0o755);
  const former = `${home}.former-${process.pid}`;
  if (existsSync(home)) renameSync(home, former);
  renameSync(partial, home);
  rmSync(former, { recursive: true, force: true });
  return undefined;
}

/** Which release holds a recent CRIU, or in one line why there is none for this system. */
function sourceForThisSystem() {
  const release = readIfThere('/etc/os-release');
  const ids = `${/^ID=(.*)$/m.exec(release)?.[1] ?? ''} ${/^ID_LIKE=(.*)$/m.exec(release)?.[1] ?? ''}`;
  const family = /ubuntu/.test(ids) ? 'ubuntu' : /debian/.test(ids) ? 'debian' : undefined;
  if (!family || !find('apt-get') || !find('dpkg')) {
    return 'only Debian and Ubuntu are known here; install CRIU 4.2 or later by your distribution and name it in STILLFRAME_CRIU';
  }
  const archive = mainArchive(family);
  if (!archive) return `no ${family} archive in /etc/apt; name a CRIU 4.2 or later in STILLFRAME_CRIU`;
  return family === 'ubuntu'
    ? { ...archive, suite: 'devel', wanted: 'main universe' }
    : { ...archive, suite: 'sid', wanted: 'main' };
}

/** Downloads CRIU and all it needs, as for an empty system; gives the package files, or in one line what failed. */
function download(folder, source) {
  for (const part of ['lists/partial', 'cache/archives/partial', 'sources']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, 'status'), '');
  const signed = source.signedBy === undefined ? '' : `Signed-By: ${source.signedBy}\n`;
  const stanza = `Types: deb\nURIs: ${source.uri}\nSuites: ${source.suite}\nComponents: ${source.wanted}\n${signed}`;
  writeFileSync(join(folder, 'sources/development.sources'), stanza);
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(folder, 'sources'),
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Cache::archives': 'archives',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'APT::Update::Post-Invoke': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  for (const words of [['update'], ['-y', '--download-only', 'install', 'criu']]) {
    const done = quietly('apt-get', [...options, '-q', ...words], { env: environment(), timeout: 600_000 });
    const failed = done.code !== 0 || /^(E|Err:\d+)[: ]/m.test(done.text);
    if (failed) return `no CRIU from release ${source.suite}: ${complaint(done.text)}`;
  }
  const archives = join(folder, 'cache/archives');
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  return files.length > 0 ? files.map((name) => join(archives, name)) : 'apt-get downloaded nothing';
}

/** The command that runs the copy under `root` by its own loader, or in one line what is missing there. */
function partsOf(root) {
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  const loaderName = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' }[process.arch];
  if (!cpu) return `no private CRIU for the processor ${process.arch}`;
  const folders = ['usr/lib', 'lib'].map((lib) => join(root, lib, `${cpu}-linux-gnu`)).filter(existsSync);
  const loader = folders.map((folder) => join(folder, loaderName)).find(isExecutable);
  const program = ['usr/sbin', 'usr/bin', 'sbin'].map((folder) => join(root, folder, 'criu')).find(isExecutable);
  if (!loader || !program) return 'the downloaded packages hold no loader or no criu';
  return [loader, '--library-path', folders.join(':'), '--argv0', 'criu', program];
}

/** Folders of set-ups that were killed; the lock is held, so none of them is in use. */
function removeHalves(home) {
  for (const name of readdirSync(dirname(home))) {
    if (/\.(partial|former)-\d+$/.test(name) && name.startsWith(`${basename(home)}.`)) {
      rmSync(join(dirname(home), name), { recursive: true, force: true });
    }
  }
}

const isRecent = (path) => isExecutable(path) && recent(quietly(path, ['--version'], { timeout: 10_000 }).text);

function recent(text) {
  const [, major, minor] = /Version:\s*(\d+)\.(\d+)/.exec(text) ?? [];
  if (major === undefined) return false;
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}

const environment = () => ({ ...process.env, PATH: fullPath(), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' });
const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';
const complaint = (text) => text.split('\n').find((line) => /^(E|Err|W)[: ]/.test(line)) ?? lastLine(text);

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
