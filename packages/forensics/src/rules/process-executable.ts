/** Processes whose executable lies where programs do not belong: in no filesystem, in a folder of scratch files, behind a dot. */
import type { Executable } from '../analysers/processes.ts';
import type { Severity } from '../finding.ts';
import { countedText, references } from '../program/counted.ts';
import { isHidden, isTemporary, placeOf } from '../program/place.ts';
import type { Rule } from './rule.ts';

/** How runc and crun protect their own file, and what packers do to start a program that they unpacked. */
const KNOWN_MEMFD = /^(?:\/?memfd:)?(?:runc_cloned:|crun|conmon|lxc-|bazel|upX$)/;

export const processExecutableMemfd: Rule = {
  id: 'process-executable-memfd',
  title: 'executable was never a file',
  severity: 'high',
  techniques: ['T1620'],
  why: 'A program that is handed over in anonymous memory (memfd_create, fexecve) leaves nothing on a filesystem. Loaders of malware do that; the content is in the checkpoint.',
  benign:
    'Container runtimes clone themselves so for the moment in which they enter a container; a few packers start programs so.',
  *judge({ processes }) {
    const found = processes.filter(({ executable }) => executable?.memfd);
    for (const [path = '', rows] of Map.groupBy(found, ({ executable }) => executable?.path)) {
      yield {
        summary: `${countedText(rows)} ${rows.length === 1 ? 'runs' : 'run'} ${path || 'a file without a name'}, which lies in no filesystem (memfd)`,
        references: references(rows, (pid) => ({ kind: 'fd', pid, fd: 'exe' })),
        severity: KNOWN_MEMFD.test(path) ? 'low' : undefined,
        details: { path, processes: rows.length },
      };
    }
  },
};

/** Where tools build and start programs of the moment. */
const BUILT =
  /^\/(?:tmp|var\/tmp)\/(?:go-build\d+|\.mount_[^/]+|cargo-install\w*|_MEI\w+|appimage_extracted_\w+|nix-build-[^/]+|bazel[^/]*|pip-[^/]+|npx-[^/]+|\.tmp\w*\/node_modules)\//;
/** Where engines put the first process that reaps orphans. */
const ENGINE = /^\/(?:dev\/init|run\/podman-init|\.?podman-init|dev\/\.buildkit_qemu_emulator)$/;

export const processExecutablePlace: Rule = {
  id: 'process-executable-hidden-or-temporary',
  title: 'executable lies in a temporary or hidden place',
  severity: 'high',
  techniques: ['T1036.005', 'T1564.001'],
  why: 'Folders that everybody may write to and names that begin with a dot are where an intruder can put a program; packages put none there.',
  benign:
    'Programs of a build (`go run`), of an AppImage, or of a user’s own tools in a folder with a dot that is not known here.',
  *judge({ processes }) {
    const found = processes.filter(({ executable }) => executable && oddPlace(executable) !== undefined);
    for (const [path = '', rows] of Map.groupBy(found, ({ executable }) => executable?.path)) {
      const executable = rows[0]?.executable;
      const odd = executable && oddPlace(executable);
      if (odd === undefined) continue;
      yield {
        summary: `${countedText(rows)} ${rows.length === 1 ? 'runs' : 'run'} ${path}, which lies ${odd.where}`,
        references: references(rows, (pid) => ({ kind: 'fd', pid, fd: 'exe' })),
        severity: odd.severity,
        details: { path, processes: rows.length },
      };
    }
  },
};

/** Where an executable lies that lies where none should. */
function oddPlace({
  path,
  filesystem,
  memfd,
}: Executable): { where: string; severity: Severity | undefined } | undefined {
  if (memfd || ENGINE.test(path)) return undefined;
  const place = placeOf(path);
  const isInMemory = filesystem === 'tmpfs' || path.startsWith('/dev/');
  const isScratch = place === 'temporary' || place === 'hidden';
  if (!isScratch && !isInMemory) return undefined;
  const isBuilt = BUILT.test(path) && !isHidden(path.replace(BUILT, '/'));
  const where = place === 'hidden' ? 'behind a dot' : isInMemory ? 'in memory' : 'in a folder of scratch files';
  return { where, severity: isBuilt ? 'low' : isScratch ? undefined : 'medium' };
}

export const workingFolderHidden: Rule = {
  id: 'process-working-folder-hidden',
  title: 'process stands in a hidden folder',
  severity: 'low',
  techniques: ['T1564.001'],
  why: 'Who works by hand in a container stands where the tools are; a folder with a dot in a place of scratch files is no home of a service.',
  benign: 'A debugger, a build or an editor that made a folder for itself.',
  *judge({ processes }) {
    const found = processes.filter(
      ({ workingFolder: folder }) => folder !== undefined && isTemporary(folder) && isHidden(folder),
    );
    for (const [folder = '', rows] of Map.groupBy(found, ({ workingFolder }) => workingFolder)) {
      yield {
        summary: `${countedText(rows)} ${rows.length === 1 ? 'has' : 'have'} ${folder} as working folder`,
        references: references(rows, (pid) => ({ kind: 'fd', pid, fd: 'cwd' })),
        details: { folder },
      };
    }
  },
};
