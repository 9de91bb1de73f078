/**
 * Which changed files a package manager of the container says it brought, and whether they are what it brought: by the lists
 * and digests that dpkg and apk keep, where these were changed too. Of rpm and pacman only that they were at work is known.
 */
import { createHash } from 'node:crypto';
import type { Archive } from '@stillframe/checkpoint';
import { readExactly, streamOf } from '@stillframe/core';
import type { Analyser, AnalysisContext } from './analyser.ts';

type Installer = 'dpkg' | 'apk' | 'rpm' | 'pacman';

/** A changed file that a package has. */
export interface PackagedFile {
  readonly path: string;
  readonly manager: Installer;
  /** Name of the package; raw text. */
  readonly package: string;
  /** Whether its content is that of the package; `unknown` where there is no digest, or too much to be hashed. */
  readonly content: 'same' | 'other' | 'unknown';
}

export interface PackageTable {
  /** Those whose database was changed. */
  readonly managers: readonly Installer[];
  readonly files: readonly PackagedFile[];
}

/** What a database says of a path. */
interface Listed {
  readonly manager: Installer;
  readonly package: string;
  digest: { readonly algorithm: 'md5' | 'sha1'; readonly hex: string } | undefined;
}

const DPKG = /^var\/lib\/dpkg\/info\/([^/]+)\.(list|md5sums)$/;
/** Its `Conffiles:` have digests, which md5sums leaves out. */
const STATUS = 'var/lib/dpkg/status';
const APK = /^(?:usr\/)?lib\/apk\/db\/installed$/;
const DATABASES: readonly (readonly [Installer, RegExp])[] = [
  ['dpkg', /^var\/lib\/dpkg\/(?:status|status\.d\/.+|info\/.+\.list)$/],
  ['apk', APK],
  ['rpm', /^(?:var\/lib\/rpm|usr\/lib\/sysimage\/rpm)\/./],
  ['pacman', /^var\/lib\/pacman\/local\/./],
];
/** Bytes of one database and of all together, of one line, and of files that are hashed. */
const DATABASE = 32 << 20;
const TOGETHER = 64 << 20;
const HASHED = 256 << 20;

export const packages: Analyser<PackageTable> = {
  title: 'files of packages',
  async read(context) {
    const { diff } = context;
    if (diff === undefined) return { managers: [], files: [] };
    const managers = new Set<Installer>();
    for (const { name, kind } of diff.entries.values()) {
      const manager = kind === 'file' ? DATABASES.find(([, place]) => place.test(name))?.[0] : undefined;
      if (manager !== undefined) managers.add(manager);
    }
    const listed = managers.size === 0 ? new Map<string, Listed>() : await readLists(diff, context);
    return { managers: [...managers], files: await filesOf(diff, listed, context) };
  },
};

/** One key for a path on either side of a merged /usr. */
function keyOf(path: string): string {
  return path.replace(/^\/+/, '').replace(/^usr\/(?=(?:s?bin|lib(?:32|64|x32)?)\/)/, '');
}

async function readLists(diff: Archive, { signal, report }: AnalysisContext): Promise<Map<string, Listed>> {
  const listed = new Map<string, Listed>();
  let left = TOGETHER;
  for (const { name, kind, size } of diff.entries.values()) {
    const dpkg = DPKG.exec(name);
    if (kind !== 'file' || (dpkg === null && name !== STATUS && !APK.test(name))) continue;
    if (size > DATABASE || size > left) {
      const message = `${name} has ${size} bytes: what it says of packages is not read`;
      report([{ id: 'packages-limited', severity: 'warning', source: 'packages', message }]);
      continue;
    }
    left -= size;
    const text = new TextDecoder().decode(await readExactly(diff.open(name), 0, size, { signal, limit: DATABASE }));
    if (dpkg) addDpkg(listed, dpkg[1] ?? '', dpkg[2] === 'list', text);
    else if (name === STATUS) addConffiles(listed, text);
    else addApk(listed, text);
  }
  return listed;
}

/** `*.list`: a path a line. `*.md5sums`: digest and path without a slash. */
function addDpkg(listed: Map<string, Listed>, name: string, isList: boolean, text: string): void {
  for (const line of text.split('\n')) {
    const digest = isList ? undefined : /^([0-9a-f]{32}) +(.+)$/.exec(line);
    const path = isList ? line : digest?.[2];
    if (!path) continue;
    const key = keyOf(path);
    const known = listed.get(key) ?? { manager: 'dpkg', package: name.replace(/:[\w-]+$/, ''), digest: undefined };
    if (digest?.[1]) known.digest = { algorithm: 'md5', hex: digest[1] };
    listed.set(key, known);
  }
}

/** `Package:` a package, ` /etc/x DIGEST` one of its configuration files as it was installed. */
function addConffiles(listed: Map<string, Listed>, text: string): void {
  let name = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('Package: ')) name = line.slice('Package: '.length);
    const file = /^ (\/\S+) ([0-9a-f]{32})$/.exec(line);
    if (file?.[1] && file[2])
      listed.set(keyOf(file[1]), { manager: 'dpkg', package: name, digest: { algorithm: 'md5', hex: file[2] } });
  }
}

/** `P:` a package, `F:` a folder, `R:` a file in it, `Z:` its digest (Q1 and base64 of SHA-1). */
function addApk(listed: Map<string, Listed>, text: string): void {
  let [name, folder, file] = ['', '', ''];
  for (const line of text.split('\n')) {
    const value = line.slice(2);
    if (line.startsWith('P:')) name = value;
    else if (line.startsWith('F:')) folder = value;
    else if (line.startsWith('R:')) {
      file = keyOf(`${folder}/${value}`);
      listed.set(file, { manager: 'apk', package: name, digest: undefined });
    } else if (line.startsWith('Z:Q1')) {
      const known = listed.get(file);
      if (known) known.digest = { algorithm: 'sha1', hex: Buffer.from(line.slice(4), 'base64').toString('hex') };
    }
  }
}

async function filesOf(diff: Archive, listed: ReadonlyMap<string, Listed>, { signal }: AnalysisContext) {
  const files: PackagedFile[] = [];
  let left = HASHED;
  if (listed.size === 0) return files;
  for (const { name, kind, size } of diff.entries.values()) {
    const known = kind === 'folder' ? undefined : listed.get(keyOf(name));
    if (known === undefined) continue;
    const { manager, package: owner, digest } = known;
    let content: PackagedFile['content'] = 'unknown';
    if (digest && kind === 'file' && size <= left) {
      left -= size;
      const hash = createHash(digest.algorithm);
      for await (const bytes of streamOf(diff.open(name), { signal })) hash.update(bytes);
      content = hash.digest('hex') === digest.hex ? 'same' : 'other';
    }
    files.push({ path: `/${name}`, manager, package: owner, content });
  }
  return files;
}
