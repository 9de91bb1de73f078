/** Names that are not to be seen, and programs where none belong. */
import { isHidden, isScratch } from '../analysers/text-places.ts';
import type { TextRow } from '../analysers/texts.ts';
import type { Severity } from '../finding.ts';
import type { EvidenceReference } from '../reference.ts';
import { changedFiles, referencesOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** Hidden names that programs are known to make. */
const KNOWN =
  /^\.(?:X\d+-lock|X11-unix|ICE-unix|XIM-unix|font-unix|Test-unix|s\.PGSQL\.\d+(?:\.lock)?|java_pid\d+|com\.google\.\w+|org\.chromium\.\w+|com\.microsoft\..*|NETFramework.*|dotnet|java|wine-\d+|containerenv|dockerenv|pwd\.lock|updated|build-id|keep|gitkeep|gitignore|npm|cache|config|local|placeholder|lock|lck|pid|nfs[0-9a-f]+|wh\..*|pulse-.*|esd-.*|snapshot|git|_.*\.swp|.*\.sw[opx]|ansible.*|sentry.*|hsperfdata.*|vbox-.*|terraform.*|pip.*|tmp[A-Za-z0-9_]{6,}|[A-Za-z0-9_-]+\.(?:tmp|lock|pid|sock|swp))$/;
/** Blanks, dots alone, or what terminals do not show. */
const UNSEEN =
  /^(?:\.{3,}|\.\.? +|[\s\u00a0\u2000-\u200f\u3000\ufeff]+.*|.*[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\ufeff].*)$/;
/** Folders of which a hidden entry is odd. */
const ODD =
  /^\/(?:tmp|var\/tmp|dev|dev\/shm|run|var\/run|run\/shm|etc|bin|sbin|lib|lib64|usr|usr\/(?:local\/)?(?:bin|sbin|lib|share|games)|var|var\/(?:lib|cache|log)|boot|mnt|media|opt|srv)$/;

/** The uppermost part of a path that is hidden where nothing should be. */
function oddPart(path: string): { folder: string; name: string; unseen: boolean } | undefined {
  const parts = path.split('/');
  for (let at = 1; at < parts.length; at += 1) {
    const [folder, name] = [parts.slice(0, at).join('/') || '/', parts[at] ?? ''];
    const unseen = UNSEEN.test(name);
    if (unseen || (name.startsWith('.') && ODD.test(folder) && !KNOWN.test(name))) return { folder, name, unseen };
  }
  return undefined;
}

interface Hidden {
  readonly unseen: boolean;
  readonly references: EvidenceReference[];
  count: number;
  runs: boolean;
}

export const hiddenFile: Rule = {
  id: 'hidden-file',
  title: 'something is hidden where it does not belong',
  severity: 'low',
  techniques: ['T1564.001'],
  why: 'Names that begin with a dot, or that look like nothing, keep tools of an intruder out of a careless listing.',
  benign: 'Lock files and caches of programs that put them into /tmp.',
  *judge(tables) {
    const kinds = new Map(tables.texts.map((row) => [row.path, row]));
    const found = new Map<string, Hidden>();
    const add = (path: string, reference: EvidenceReference) => {
      const odd = oddPart(path);
      if (odd === undefined) return;
      const at = `${odd.folder === '/' ? '' : odd.folder}/${odd.name}`;
      const entry = found.get(at) ?? { unseen: odd.unseen, references: [], count: 0, runs: false };
      found.set(at, entry);
      entry.count += 1;
      entry.runs ||= isProgram(kinds.get(path));
      if (entry.references.length < 20) entry.references.push(reference);
    };
    for (const { path, change, flags } of tables.changes) {
      if (change !== 'deleted' && !flags.includes('mountpoint')) add(path, { kind: 'rootfs', path });
    }
    for (const row of tables.texts) if (row.place === 'tmpfs') add(row.path, referencesOf(row)[0]);
    for (const [path, { unseen, runs, count, references }] of found) {
      const [first, ...more] = references;
      if (first === undefined) continue;
      yield {
        summary: `${path} ${unseen ? 'has a name that is not to be seen' : 'is hidden'}${runs ? ', with a program in it' : ''}`,
        references: [first, ...more],
        severity: unseen ? 'high' : runs ? 'medium' : undefined,
        details: { path, entries: count },
      };
    }
  },
};

function isProgram(row: TextRow | undefined): boolean {
  return row !== undefined && (row.kind === 'elf' || (row.kind === 'script' && ((row.mode ?? 0) & 0o111) !== 0));
}

/** Libraries that runtimes unpack to load them. */
const UNPACKED =
  /\/(?:libnetty[^/]*|jna-?[^/]*|jansi[^/]*|snappy[^/]*|lib(?:snappy|zstd|lz4|leveldb|rocksdb|jansi|sqlite|tcnative|conscrypt|jffi|brotli)[^/]*|sqlite-[^/]*|jffi[^/]*|_MEI[^/]*|\.?org\.[^/]*|pip-[^/]*|npm-[^/]*|node-[^/]*|yarn--[^/]*|go-build[^/]*|bazel[^/]*|cargo[^/]*|ruby[^/]*|torch[^/]*|tmp[a-z0-9_]{8}|pymp-[^/]*|hsperfdata[^/]*|cc[A-Za-z0-9]{6}[^/]*|\.mount_[^/]*|vscode-[^/]*)(?:\/|$)|\.so(?:\.[\d.]+)?$|\.node$|\.dll$/;

/** What supervisors lay there at every start. */
const OF_SUPERVISORS = /^\/(?:var\/)?run\/(?:s6[^/]*|service|runit|systemd)\//;

function scratchSeverity(row: TextRow, runs: boolean): Severity | undefined {
  const unpacked = UNPACKED.test(row.path) || OF_SUPERVISORS.test(row.path);
  if (runs) return unpacked ? 'medium' : 'high';
  if (OF_SUPERVISORS.test(row.path)) return 'info';
  if (isHidden(row.path)) return 'medium';
  if (unpacked) return 'info';
  return row.kind === 'script' ? 'low' : undefined;
}

export const scratchProgram: Rule = {
  id: 'scratch-program',
  title: 'a program lies where anybody may write',
  severity: 'medium',
  techniques: ['T1105', 'T1036.005'],
  why: 'Tools that were fetched land in /tmp or /dev/shm, as it is writable in every container.',
  benign: 'Runtimes that unpack their native libraries (Netty, JNA, snappy, PyInstaller), installers, builds.',
  *judge(tables) {
    const running = new Set(tables.processes.map(({ executable }) => executable?.path));
    const changed = new Set(changedFiles(tables).map(({ path }) => path));
    for (const row of tables.texts) {
      if (!isScratch(row.path) || !isProgram(row) || (row.place !== 'rootfs' && row.place !== 'tmpfs')) continue;
      if (row.place === 'rootfs' && !changed.has(row.path)) continue;
      const runs = running.has(row.path);
      yield {
        summary: `${row.path} is ${row.kind === 'elf' ? 'an ELF program or library' : 'a script'}${runs ? ' that runs' : ''}`,
        references: referencesOf(row),
        severity: scratchSeverity(row, runs),
        details: { kind: row.kind, bytes: row.size, mode: row.mode?.toString(8), place: row.place },
      };
    }
  },
};
