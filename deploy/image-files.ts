/** What is in the image: each file with where it comes from. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of a layer. */
export interface TreeFile {
  /** Without a slash at its beginning. */
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const root = fileURLToPath(new URL('../', import.meta.url));
/** What the set-up makes bundles with; it has no types of its own. */
type BundleSources = () => Promise<{ files: ReadonlyMap<string, Uint8Array> }>;
/** Where the product lies; below it as in this repository, since sources ask for files beside them. */
const PRODUCT = 'opt/stillframe';
const BUNDLE = `${PRODUCT}/packages/cli/dist/bundle/image`;

/** Version of the product. */
export const version: string = JSON.parse(await readFile(join(root, 'packages/cli/package.json'), 'utf8')).version;

/** Node.js, what it is linked with, and the few files that the C library asks for. Authorities to trust are in Node.js itself. */
export async function systemFiles(): Promise<TreeFile[]> {
  const program = process.execPath;
  const files = [
    await copied('usr/bin/node', program, 0o755),
    ...(await Promise.all(librariesOf(program).map((path) => copied(path.slice(1), path, 0o755)))),
    text('etc/passwd', 'root:x:0:0:root:/:/usr/bin/node\nnobody:x:65534:65534:nobody:/:/usr/bin/node\n'),
    text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  ];
  const licence = join(dirname(program), '..', 'LICENSE');
  return existsSync(licence) ? [...files, await copied('usr/share/licenses/node/LICENSE', licence, 0o644)] : files;
}

/** The bundle of the command. Maps to sources are for those who have the sources. */
export async function productFiles(): Promise<TreeFile[]> {
  const { bundleSources } = (await import(join(root, 'setup/bundled-sources.mjs'))) as { bundleSources: BundleSources };
  const { files } = await bundleSources();
  const bundled = [...files].filter(([name]) => !name.endsWith('.map'));
  return [
    ...bundled.map(([name, bytes]) => ({ name: `${BUNDLE}/${name}`, mode: 0o644, bytes })),
    await copied(`${PRODUCT}/packages/cli/package.json`, join(root, 'packages/cli/package.json'), 0o644),
    await copied('usr/share/licenses/stillframe/LICENSE', join(root, 'LICENSE'), 0o644),
    { ...text('usr/bin/stillframe', `#!/usr/bin/node\nawait import('/${BUNDLE}/main.mjs');\n`), mode: 0o755 },
  ];
}

/** Paths of the loader and of all libraries that the program is linked with, by ldd(1). */
function librariesOf(program: string): string[] {
  const told = execFileSync('ldd', [program], { encoding: 'utf8' });
  const paths = told.split('\n').flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  if (paths.length === 0) throw new Error(`ldd tells no library of ${program}: ${told}`);
  return [...new Set(paths)];
}

async function copied(name: string, path: string, mode: number): Promise<TreeFile> {
  return { name, mode, bytes: await readFile(path) };
}

function text(name: string, content: string): TreeFile {
  return { name, mode: 0o644, bytes: new TextEncoder().encode(content) };
}
