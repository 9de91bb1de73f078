/**
 * The import specifiers of a module, type-only ones too. Sources are formatted (`npm run check`), so every import and
 * re-export starts a line; an `import('…')` counts wherever it stands, in a comment as well: better one too many.
 */
import { isBuiltin } from 'node:module';

export interface Import {
  /** As it is written; undefined for an import() of an expression. */
  specifier: string | undefined;
  line: number;
}

const FORMS = [
  /^(?:import|export)\s+(?:type\s+)?[\w$*{][^'"`;=()]*?\bfrom\s*(['"])([^'"]+)\1/gm,
  /^import\s*(['"])([^'"]+)\1/gm,
  /\bimport\s*\(\s*(['"`])([^'"`$]+)\1\s*[,)]/g,
];
/** An import() or require that no table can judge. */
const UNKNOWN = /(?<![.\w])(?:import\s*\(\s*(?!['"`][^'"`$]+['"`]\s*[,)])|require\s*\(|createRequire\b)/g;

export function importsOf(text: string): Import[] {
  const found = FORMS.flatMap((form) =>
    [...text.matchAll(form)].map((match) => ({ specifier: match[2], line: lineOf(text, match.index) })),
  );
  const unknown = [...text.matchAll(UNKNOWN)].map((match) => ({
    specifier: undefined,
    line: lineOf(text, match.index),
  }));
  return [...found, ...unknown].sort((a, b) => a.line - b.line);
}

/** `node:fs/promises` → `fs/promises`; undefined for what is no module of Node.js. */
export function builtinOf(specifier: string): string | undefined {
  return isBuiltin(specifier) ? specifier.replace(/^node:/, '') : undefined;
}

/** The npm package of a specifier: `@scope/name/sub` → `@scope/name`; undefined for relative ones and Node.js modules. */
export function npmPackageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/') || isBuiltin(specifier)) return undefined;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
