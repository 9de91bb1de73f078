/** Files by which something is run again: cron, shells’ start files, services, hooks of package managers and interpreters. */

import type { Tables } from '../analysers/index.ts';
import type { TextTopic } from '../analysers/text-places.ts';
import type { TextRow } from '../analysers/texts.ts';
import type { Severity, Suspicion } from '../finding.ts';
import { newLines, suspiciousCommand } from '../signs/commands.ts';
import { packagedPaths } from '../signs/packages.ts';
import { referencesOf, textsOf, verbOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** The longest line that is shown of a file. */
const SHOWN = 200;

/** What is new in files of a topic: worse where a line looks like an intruder’s, nothing much where a package brought it. */
function* written(
  tables: Tables,
  topic: TextTopic,
  what: string,
  bad: Severity,
  isMeant = (_: TextRow) => true,
): Iterable<Suspicion> {
  const packaged = packagedPaths(tables);
  for (const row of textsOf(tables, topic)) {
    const lines = row.kind === 'elf' || row.kind === 'binary' ? [] : newLines(row.text, row.before);
    if ((lines.length === 0 && row.kind !== 'elf') || !isMeant(row)) continue;
    const why = lines.map((line) => ({ line, why: suspiciousCommand(line) })).find((each) => each.why !== undefined);
    const owner = packaged.ownerOf(row.path);
    yield {
      summary: `${row.path} was ${verbOf(row)}: ${what}${why ? `; it ${why.why}` : ''}`,
      references: referencesOf(row),
      severity: packaged.isSame(row.path) ? 'info' : why ? bad : owner === undefined ? undefined : 'info',
      details: {
        line: (why?.line ?? lines[0])?.slice(0, SHOWN),
        newLines: lines.length,
        ...(owner === undefined ? {} : { package: owner }),
      },
    };
  }
}

export const cronChanged: Rule = {
  id: 'cron-changed',
  title: 'cron was given something to do',
  severity: 'medium',
  techniques: ['T1053.003'],
  why: 'What cron runs comes back after every restart of its process, long after whoever wrote it has gone.',
  benign:
    'Images that write their crontab at the start (backup jobs, certbot, Nextcloud’s cron), packages with a job of their own.',
  judge: (tables) => written(tables, 'cron', 'cron runs what stands in it', 'high'),
};

export const shellStartChanged: Rule = {
  id: 'shell-start-changed',
  title: 'a file that shells read at their start was changed',
  severity: 'medium',
  techniques: ['T1546.004'],
  why: 'It runs whenever somebody opens a shell in the container, with the rights of that person.',
  benign: 'Installers that add a line to PATH (nvm, conda, rustup, sdkman), packages that bring a file of profile.d.',
  *judge(tables) {
    for (const found of written(tables, 'shell-start', 'every shell runs it', 'high')) {
      const line = typeof found.details?.['line'] === 'string' ? found.details['line'] : '';
      // Nothing but variables.
      const quiet = found.severity === undefined && /^(?:export\s+)?[A-Za-z_]\w*=[^`(;&|]*$/.test(line);
      yield quiet ? { ...found, severity: 'low' } : found;
    }
  },
};

export const serviceChanged: Rule = {
  id: 'service-changed',
  title: 'something was made to start with the system',
  severity: 'medium',
  techniques: ['T1543.002', 'T1037.004'],
  why: 'A unit, an init script or a supervisor’s program starts whenever the container does.',
  benign:
    'Images with a supervisor whose start writes its configuration (s6, supervisord, runit); packages with a service.',
  judge: (tables) => written(tables, 'service', 'it is run at the start', 'high'),
};

/** Hooks of apt and dpkg, but for the one of Docker’s images that empties apt’s cache. */
const HOOK = /(?:Pre|Post)-Invoke(?:-Success)?\b(?!\s*\{\s*"rm -f \/var\/cache\/apt\/)|Pre-Install-Pkgs/i;

export const packageHookChanged: Rule = {
  id: 'package-hook-changed',
  title: 'a package manager was changed',
  severity: 'low',
  techniques: ['T1546.016'],
  why: 'A hook runs as root with every installation; another source of packages brings what its owner likes.',
  benign:
    'Dockerfile habits at run time: `apt.conf.d` with proxies or without recommendations, a mirror, a further repository.',
  *judge(tables) {
    const texts = new Map(textsOf(tables, 'package-hooks').map(({ path, text }) => [path, text]));
    for (const found of written(tables, 'package-hooks', 'package managers heed it', 'high')) {
      const row = found.references[0];
      const text = row.kind === 'rootfs' ? texts.get(row.path) : undefined;
      const hook = HOOK.exec(text ?? '')?.[0];
      yield hook && found.severity === undefined
        ? { ...found, severity: 'medium', details: { ...found.details, hook } }
        : found;
    }
  },
};

export const interpreterStartChanged: Rule = {
  id: 'interpreter-start-changed',
  title: 'a file that an interpreter runs at its start was changed',
  severity: 'low',
  techniques: ['T1546'],
  why: 'Python runs sitecustomize.py and lines of .pth files that begin with `import` whenever it starts, whatever it is to run.',
  benign:
    'pip at the start: editable installs, setuptools’ distutils-precedence.pth, coverage and tracing agents (ddtrace, newrelic, opentelemetry).',
  *judge(tables) {
    const known =
      /\/(?:distutils-precedence|easy-install|__editable__[^/]*|coverage[^/]*|a1_coverage|ddtrace[^/]*|_virtualenv|matplotlib[^/]*-nspkg|[^/]*nspkg|protobuf[^/]*|zope[^/]*)\.pth$/;
    const isMeant = ({ path, text }: TextRow) =>
      !known.test(path) && (!path.endsWith('.pth') || /^import[ \t]/m.test(text));
    yield* written(tables, 'interpreter-start', 'the interpreter runs it first', 'high', isMeant);
  },
};
