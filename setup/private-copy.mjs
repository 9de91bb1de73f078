/**
 * Programs in folders of their own beside whatever the system has: taken from the distribution's development release, run
 * through their own loader and libraries, so that nothing else on the host changes.
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

/**
 * Brings a copy: `{ home, what, packages, commands, works }`. `home` gets `root/`, what the packages hold, and `bin/`, a
 * wrapper for each of `commands` ({ name: (copy) => words }); `copy` is { root, loaded(program) }, where loaded gives the
 * words that run a program by the copy's own loader. `works()` says whether the copy at `home` does its work.
 * Returns undefined, or in one line why it could not be had.
 */
export function bringCopy(wanted) {
  const { home, works } = wanted;
  mkdirSync(dirname(home), { recursive: true });
  return withLock(`${home}.lock`, () => {
    removeHalves(home);
    // Another set-up may have brought it while this one waited.
    if (works(home)) return undefined;
    // One of an earlier version may lack no more than a wrapper.
    if (existsSync(join(home, 'root')) && wrap(wanted, home) === undefined && works(home)) return undefined;
    const partial = `${home}.partial-${process.pid}`;
    try {
      return build(wanted, partial);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  });
}

function build(wanted, partial) {
  const { home, what, packages, works } = wanted;
  const source = sourceForThisSystem();
  if (typeof source === 'string') return source;
  say(`bringing a private ${what} into ${home} (release ${source.suite} of the system's own mirror)`);
  const root = join(partial, 'root');
  mkdirSync(root, { recursive: true });
  const files = download(join(partial, 'apt'), source, packages);
  if (typeof files === 'string') return files;
  for (const file of files) {
    const unpacked = quietly('dpkg', ['-x', file, root], { env: environment() });
    if (unpacked.code !== 0) return `dpkg cannot unpack ${basename(file)}: ${lastLine(unpacked.text)}`;
  }
  rmSync(join(partial, 'apt'), { recursive: true, force: true });
  const lacking = wrap(wanted, partial);
  if (lacking !== undefined) return lacking;
  const former = `${home}.former-${process.pid}`;
  if (existsSync(home)) renameSync(home, former);
  renameSync(partial, home);
  rmSync(former, { recursive: true, force: true });
  if (works(home)) return undefined;
  rmSync(home, { recursive: true, force: true });
  return `release ${source.suite} of the mirror has no ${what} that works here`;
}

/** Writes the wrappers of the copy in `folder`, which will lie at `home`. Returns in one line what the copy lacks. */
function wrap({ home, commands }, folder) {
  const root = join(folder, 'root');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  for (const [name, words] of Object.entries(commands)) {
    const command = words({ root, loaded: (program) => loaded(root, program) });
    if (!command.every(Boolean)) return `the downloaded packages hold no loader or no ${name}`;
    const final = command.map((word) => quote(word.replaceAll(root, join(home, 'root'))));
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nexec ${final.join(' ')} "$@"\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  return undefined;
}

/** The development release of this system, or in one line why there is none. */
function sourceForThisSystem() {
  const release = readIfThere('/etc/os-release');
  const ids = `${/^ID=(.*)$/m.exec(release)?.[1] ?? ''} ${/^ID_LIKE=(.*)$/m.exec(release)?.[1] ?? ''}`;
  const family = /ubuntu/.test(ids) ? 'ubuntu' : /debian/.test(ids) ? 'debian' : undefined;
  if (!family || !find('apt-get') || !find('dpkg')) {
    return 'only Debian and Ubuntu are known here; install it by your distribution and name it in the environment (STILLFRAME_CRIU for CRIU)';
  }
  const archive = mainArchive(family);
  if (!archive)
    return `no ${family} archive in /etc/apt; name a copy of your own in the environment (STILLFRAME_CRIU for CRIU)`;
  return family === 'ubuntu'
    ? { ...archive, suite: 'devel', wanted: 'main universe' }
    : { ...archive, suite: 'sid', wanted: 'main' };
}

/** Downloads packages and all they need, as for an empty system; gives their files, or in one line what failed. */
function download(folder, source, packages) {
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
  for (const words of [['update'], ['-y', '--download-only', 'install', ...packages]]) {
    const done = quietly('apt-get', [...options, '-q', ...words], { env: environment(), timeout: 600_000 });
    const failed = done.code !== 0 || /^(E|Err:\d+)[: ]/m.test(done.text);
    if (failed) return `no ${packages.join(', ')} from release ${source.suite}: ${complaint(done.text)}`;
  }
  const archives = join(folder, 'cache/archives');
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  return files.length > 0 ? files.map((name) => join(archives, name)) : 'apt-get downloaded nothing';
}

/** The words that run `program` of the copy under `root` by its own loader; an empty word stands for what is missing. */
function loaded(root, program) {
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? '';
  const loaderName = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' }[process.arch] ?? '';
  const folders = ['usr/lib', 'lib'].map((lib) => join(root, lib, `${cpu}-linux-gnu`)).filter(existsSync);
  const loader = folders.map((folder) => join(folder, loaderName)).find(isExecutable) ?? '';
  const path = ['usr/sbin', 'usr/bin', 'sbin'].map((folder) => join(root, folder, program)).find(isExecutable) ?? '';
  return [loader, '--library-path', folders.join(':'), '--argv0', program, path];
}

/** Folders of set-ups that were killed; the lock is held, so none of them is in use. */
function removeHalves(home) {
  for (const name of readdirSync(dirname(home))) {
    if (/\.(partial|former)-\d+$/.test(name) && name.startsWith(`${basename(home)}.`)) {
      rmSync(join(dirname(home), name), { recursive: true, force: true });
    }
  }
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
