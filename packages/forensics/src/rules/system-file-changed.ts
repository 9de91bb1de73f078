/** Programs and libraries of the system that the container wrote itself. */
import { isSystem } from '../analysers/text-places.ts';
import type { Severity, Suspicion } from '../finding.ts';
import { packagedPaths } from '../signs/packages.ts';
import { changedFiles } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** Findings of single files; the rest is told as one. */
const SINGLE = 50;
/** Where people install for themselves: pip, npm, make install. */
const LOCAL = /^\/usr\/local\//;
/** What every image brings and an intruder likes to replace: who logs in, who shows what is there, what all programs load. */
const BASE =
  /\/(?:login|su|sudo|passwd|sshd|[abd]?a?sh|busybox|ls|ps|top|ss|netstat|find|id|who|kill|mount|init|cron|crond|a?getty|pam_\w+\.so|lib(?:c|pam|crypt)(?:-[\d.]+)?\.so[.\d]*|ld-(?:linux|musl)[\w.-]*)$/;
/** Caches of interpreters and of the loader, which hold code and are written as it is run. */
const CACHES = /\/(?:__pycache__|gconv\/gconv-modules\.cache|node_modules\/\.cache)(?:\/|$)/;

export const systemFileChanged: Rule = {
  id: 'system-file-changed',
  title: 'a program of the system was replaced or added',
  severity: 'medium',
  techniques: ['T1554', 'T1036.005'],
  why: 'A container runs what its image brought. A program of the system that was written while it ran is a trojan, or a tool that somebody fetched.',
  benign:
    'Packages installed at the start, which their manager’s lists explain; pip and npm under /usr/local; programs that update themselves.',
  *judge(tables) {
    const packaged = packagedPaths(tables);
    const kinds = new Map(tables.texts.filter(({ place }) => place === 'rootfs').map((row) => [row.path, row]));
    const running = new Set(tables.processes.map(({ executable }) => executable?.path));
    const single: (Suspicion & { severity: Severity })[] = [];
    const explained = new Map<string, string[]>();
    for (const { path, change, mode } of changedFiles(tables)) {
      if (!isSystem(path) || CACHES.test(path)) continue;
      const kind = kinds.get(path)?.kind;
      if (kind !== 'elf' && kind !== 'script') continue;
      const owner = packaged.ownerOf(path);
      if (owner !== undefined) {
        const brought = explained.get(owner) ?? [];
        explained.set(owner, brought);
        brought.push(path);
        continue;
      }
      const altered = packaged.alteredOf(path);
      const isLocal = LOCAL.test(path);
      const replaced = altered || (!isLocal && (change === 'changed' || BASE.test(path)));
      const severity = replaced ? 'high' : isLocal && !running.has(path) ? 'low' : 'medium';
      const what = kind === 'elf' ? 'a program or library' : 'a script';
      single.push({
        summary: altered
          ? `${path} is not what the package ${altered} has there`
          : `${path}, ${what} of the system, was ${change}${running.has(path) ? ' and runs' : ''}`,
        references: [{ kind: 'rootfs', path }],
        severity,
        details: { kind, change, mode: mode?.toString(8) },
      });
    }
    yield* single.slice(0, SINGLE);
    const rest = single.slice(SINGLE);
    const [first] = rest;
    if (first) {
      yield {
        summary: `${rest.length} more programs or libraries of the system were written`,
        references: [first.references[0], ...rest.slice(1, 20).map(({ references }) => references[0])],
        severity: rest.some(({ severity }) => severity === 'high') ? 'high' : 'medium',
      };
    }
    yield* installed(explained);
  },
};

/** One finding for what package managers brought: that they ran at all is worth knowing. */
function* installed(explained: ReadonlyMap<string, readonly string[]>): Iterable<Suspicion> {
  const names = [...explained.keys()].sort();
  const paths = [...explained.values()].flat();
  const [first, ...more] = paths.slice(0, 20).map((path) => ({ kind: 'rootfs', path }) as const);
  if (first === undefined) return;
  yield {
    summary: `packages were installed while the container ran: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`,
    references: [first, ...more],
    severity: 'low',
    details: { packages: names.slice(0, 200), files: paths.length },
  };
}
