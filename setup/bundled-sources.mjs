/** The sources of the command in a few files (esbuild): what is in them, and which sources each command may load. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundles, LISTS } from '@stillframe/cli/bundle';
import { build } from 'esbuild';

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));

const MAIN = 'packages/cli/src/main.ts';
/** Each command is loaded from the file of its name here. */
const COMMANDS = 'packages/cli/src/commands/';
/** What is started by its path as a thread. */
const THREADS = ['packages/forensics/src/search/search-thread.ts', 'packages/evidence/src/measure-thread.ts'];
const ENTRIES = [MAIN, ...THREADS];
/** Sources that are imported for what they do; of all others only what is used is taken. */
const EFFECTS = ['packages/criu-image/src/text-codec.ts'];
/** What decides besides the sources; the first stands for all files of npm packages, which nobody edits. */
const AROUND = ['node_modules/.package-lock.json', 'setup/bundled-sources.mjs', 'packages/cli/bin/bundle.mjs'];
/** What `apart` makes: a source, and names of it. */
const NAMED = /\.ts\?/;
/**
 * What the parser of the command line asks of Node.js: taken when it is used, for the module of processes, which only
 * commands that are programs of their own need, would be a tenth of the start.
 */
const DEFERRED = {
  'node:process': 'export default globalThis.process;',
  'node:child_process':
    "export default { spawn: (...words) => process.getBuiltinModule('node:child_process').spawn(...words) };",
};

/** How esbuild takes our sources: only what is used of each. */
export const OURS = { name: 'stillframe', setup: prepare };

/**
 * Returns `files`, the bytes of each file of the bundle by its name, and `lists`, paths of sources from the project's
 * folder by the name of the command that may load them, with those of LISTS.
 */
export async function bundleSources() {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: join(bundles, 'new'),
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    // Loaded where it is there.
    external: ['@litko/yara-x'],
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    plugins: [OURS],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const dropped = warnings.find(({ id }) => id === 'ignored-bare-import');
  if (dropped) throw new Error(`${dropped.location?.file} imports for what it does what EFFECTS does not name`);
  return { files: new Map(outputFiles.map((file) => [basename(file.path), file.contents])), lists: listsOf(metafile) };
}

function listsOf({ inputs }) {
  const around = [...AROUND, ...readdirSync(join(root, 'packages')).map((each) => `packages/${each}/package.json`)];
  const commands = Object.keys(inputs).filter((path) => path.startsWith(COMMANDS));
  /** What is reached from these, but for what only a command brings that is loaded when it is asked for. */
  const reached = (...from) => {
    const seen = new Set(from);
    for (const path of seen) {
      for (const next of inputs[path]?.imports ?? []) {
        const isApart = path.startsWith(COMMANDS) && next.kind === 'dynamic-import' && commands.includes(next.path);
        if (!isApart && !next.external) seen.add(next.path);
      }
    }
    return [...around, ...[...seen].filter((path) => path.startsWith('packages/'))];
  };
  const all = [...around, ...Object.keys(inputs).filter((path) => path.startsWith('packages/'))];
  return new Map([
    [LISTS.all, all],
    [LISTS.begin, reached(MAIN)],
    ...commands.map((path) => [basename(path, '.ts'), reached(MAIN, path, ...THREADS)]),
  ]);
}

function prepare(build) {
  build.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
    const isDeferred = Object.hasOwn(DEFERRED, path) && importer.includes('/node_modules/commander/');
    return isDeferred ? { path, namespace: 'deferred' } : undefined;
  });
  build.onLoad({ filter: /./, namespace: 'deferred' }, ({ path }) => ({ contents: DEFERRED[path] }));
  build.onResolve({ filter: /^(?:@stillframe\/|\.)/ }, async ({ path, pluginData, ...options }) => {
    if (pluginData === 'asked') return undefined;
    const found = await build.resolve(path, { ...options, pluginData: 'asked' });
    const isPure = found.path.endsWith('.ts') && !EFFECTS.includes(relative(root, found.path));
    return isPure ? { ...found, sideEffects: false } : found;
  });
  build.onResolve({ filter: NAMED }, ({ path, resolveDir }) => ({
    path: join(resolveDir, path),
    namespace: 'named',
    sideEffects: false,
  }));
  build.onLoad({ filter: /./, namespace: 'named' }, ({ path }) => {
    const [file, names] = path.split('?');
    return { contents: `export {${names}} from './${basename(file)}';`, loader: 'ts', resolveDir: dirname(file) };
  });
  build.onLoad({ filter: /\/packages\/[^/]+\/src\/.*\/?index\.ts$/ }, apart);
  build.onLoad({ filter: /\/packages\/[^/]+\/src\/.*\.ts$/ }, placed);
}

/**
 * An index, with each of its lists of names as a module of its own. A file is loaded with all that any command takes of it,
 * so whoever takes one name of an index would load what stands behind all others.
 */
function apart({ path }) {
  const text = readFileSync(path, 'utf8');
  if (text.includes('import.meta')) return undefined;
  const contents = text.replace(/^export \{([^}]*)\} from '([^']+)';/gm, (_, names, file) => {
    return `export * from '${file}?${names.replace(/\s+/g, ' ')}';`;
  });
  return { contents, loader: 'ts' };
}

/** A source, where it asks for its own place: that stays the source's, but for threads, which are of the bundle. */
function placed({ path }) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes('import.meta')) return undefined;
  const here = JSON.stringify(relative(join(bundles, 'any'), path));
  const contents = text
    .replace(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (all, file) => {
      const thread = THREADS.find((each) => join(root, each) === join(dirname(path), file));
      return thread === undefined ? all : `new URL('./${basename(thread, '.ts')}.mjs', import.meta['url'])`;
    })
    .replaceAll('import.meta.url', `new URL(${here}, import.meta['url']).href`);
  if (/import\.meta\.\w/.test(contents)) throw new Error(`${relative(root, path)} asks for its place in a new way`);
  return { contents, loader: 'ts' };
}
