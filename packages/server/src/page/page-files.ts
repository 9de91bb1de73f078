/** The files of the page as a browser takes them: TypeScript without its types, and libraries under names of their own. */
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, extname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../http/answer.ts';

/** Where the page lies. */
export interface PagePlace {
  /** Address of the folder, which holds index.html. */
  readonly folder: string;
  /** Address of the module behind each name that the page imports. */
  readonly libraries: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What the page begins with. */
const [INDEX, FIRST] = ['/page/index.html', '/page/main.ts'];

/** Every file that may be asked for, known before the first one is: no path of a request is ever looked up on disk. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, string>;
  readonly #libraries: ReadonlyMap<string, string>;
  readonly #made = new Map<string, Promise<Answer>>();

  private constructor(files: ReadonlyMap<string, string>, libraries: ReadonlyMap<string, string>) {
    this.#files = files;
    this.#libraries = libraries;
  }

  static async read({ folder, libraries }: PagePlace): Promise<PageFiles> {
    const files = new Map<string, string>();
    const root = fileURLToPath(folder);
    for (const name of await readdir(root, { recursive: true }))
      if (extname(name) in TYPES && !name.endsWith('.test.ts'))
        files.set(`/page/${name.split(sep).join('/')}`, join(root, name));
    const names = new Map<string, string>();
    for (const [name, address] of Object.entries(libraries)) {
      const path = fileURLToPath(address);
      names.set(name, posix.join('/library', name, basename(path)));
      // A library may import what lies beside it.
      for (const file of await readdir(dirname(path)))
        if (extname(file) in TYPES && (file === basename(path) || extname(path) !== '.ts'))
          files.set(posix.join('/library', name, file), join(dirname(path), file));
    }
    const index = files.get(INDEX);
    if (index !== undefined) files.set('/', index);
    return new PageFiles(files, names);
  }

  /** Makes what the page needs before it is asked for. Never rejects: whoever asks is told what failed. */
  async warm(): Promise<void> {
    await this.find('/')?.catch(() => undefined);
  }

  /** Undefined where there is no such file. */
  find(path: string): Promise<Answer> | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    const made = this.#made.get(path) ?? this.#make(file);
    this.#made.set(path, made);
    return made;
  }

  async #make(file: string): Promise<Answer> {
    const text = await readFile(file, 'utf8');
    const isModule = /\.(?:ts|m?js)$/.test(file);
    const isIndex = file === this.#files.get(INDEX);
    const body = isModule
      ? this.#named(file.endsWith('.ts') ? withoutTypes(text) : text)
      : isIndex
        ? text.replace('</head>', `${await this.#links()}</head>`)
        : text;
    return { kind: 'file', type: TYPES[extname(file)] ?? 'application/octet-stream', body };
  }

  /** All modules that the first one imports, and these: a browser that goes by their imports would find them one behind the other. */
  async #links(): Promise<string> {
    const reached = new Set([FIRST]);
    for (const path of reached) {
      const answer = await this.find(path);
      if (answer?.kind !== 'file') continue;
      for (const [, name = ''] of String(answer.body).matchAll(/\bfrom\s*["']([./][^"']*)["']/g)) {
        const next = posix.resolve(posix.dirname(path), name);
        if (this.#files.has(next)) reached.add(next);
      }
    }
    return Array.from(reached, (path) => `  <link rel="modulepreload" href="${path}">\n`).join('');
  }

  /** Names of libraries become paths: a map of imports in the page would be a script in it. */
  #named(text: string): string {
    return text.replaceAll(/((?:\bfrom|\bimport)\s*)(["'])([@\w][\w./@-]*)\2/g, (whole, before, quote, name) => {
      const path = this.#libraries.get(name);
      return path === undefined ? whole : `${before}${quote}${path}${quote}`;
    });
  }
}

/** Node.js warns each process once that this call is young; what it runs goes through the same code, and it is no news. */
function withoutTypes(text: string): string {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = warn;
  }
}
