/** The dynamic loader: libraries that are loaded into every program. */

import { isHidden, isScratch } from '../analysers/text-places.ts';
import { newLines } from '../signs/commands.ts';
import { packagedPaths } from '../signs/packages.ts';
import { referencesOf, textsOf, verbOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

export const loaderPreload: Rule = {
  id: 'loader-preload',
  title: 'a library is loaded into every program',
  severity: 'high',
  techniques: ['T1574.006'],
  why: 'The libraries of /etc/ld.so.preload stand before all others in every program that starts. Rootkits of user space hide processes, files and connections that way.',
  benign:
    'Images that load jemalloc, tcmalloc or a fix of stdout for all programs; balena and Raspberry Pi OS (libarmmem).',
  *judge(tables) {
    for (const row of textsOf(tables, 'loader')) {
      if (row.path !== '/etc/ld.so.preload') continue;
      const libraries = newLines(row.text, row.before)
        .flatMap((line) => line.split(/[\s:]+/))
        .filter(Boolean);
      if (libraries.length === 0) continue;
      const known = libraries.every((name) =>
        /\/lib(?:jemalloc|tcmalloc\w*|mimalloc|arm(?:mem|v\w+)|stdbuf|eatmydata|faketime\w*)[\w.-]*\.so[\w.]*$/.test(
          name,
        ),
      );
      yield {
        summary: `/etc/ld.so.preload was ${verbOf(row)}: every program loads ${libraries.slice(0, 5).join(', ')}`,
        references: [...referencesOf(row), ...changedOnes(libraries, tables.changes)],
        severity: known && !libraries.some((name) => isScratch(name) || isHidden(name)) ? 'low' : undefined,
        details: { libraries: libraries.slice(0, 20) },
      };
    }
  },
};

function changedOnes(libraries: readonly string[], changes: readonly { readonly path: string }[]) {
  const named = new Set(libraries);
  return changes
    .filter(({ path }) => named.has(path))
    .map(({ path }) => ({ kind: 'rootfs', path }) as const)
    .slice(0, 20);
}

export const loaderPathChanged: Rule = {
  id: 'loader-path-changed',
  title: 'libraries are looked for in another folder',
  severity: 'low',
  techniques: ['T1574.006'],
  why: 'A folder that the loader looks into first may hold libraries under the names of real ones.',
  benign: 'Packages that bring a folder of ld.so.conf.d; CUDA images and their toolkit.',
  *judge(tables) {
    const packaged = packagedPaths(tables);
    for (const row of textsOf(tables, 'loader')) {
      if (row.path === '/etc/ld.so.preload') continue;
      const folders = newLines(row.text, row.before)
        .flatMap((line) => line.split(/[\s:]+/))
        .filter((part) => part.startsWith('/'));
      const odd = folders.filter(
        (folder) => isScratch(`${folder}/`) || isHidden(folder) || folder.startsWith('/home/'),
      );
      if (folders.length === 0) continue;
      yield {
        summary: `${row.path} was ${verbOf(row)}: libraries are looked for in ${(odd.length > 0 ? odd : folders).slice(0, 5).join(', ')}`,
        references: referencesOf(row),
        severity: odd.length > 0 ? 'high' : packaged.ownerOf(row.path) === undefined ? undefined : 'info',
        details: { folders: folders.slice(0, 20) },
      };
    }
  },
};
