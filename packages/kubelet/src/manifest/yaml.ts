/** YAML from anybody as plain values: bounded in documents, depth and aliases, and read in a time that grows with its length. */
import { Composer, type Document, isScalar, LineCounter, Parser, visit } from 'yaml';

/** Documents of one text. */
const DOCUMENTS = 200;
/** Times that aliases may be resolved within one document. */
const ALIASES = 100;
/** Kinds of YAML 1.1 that Kubernetes does not know: times (`2024-01-01` stays a text), and maps that search themselves. */
const LEFT_OUT = new Set(['timestamp', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));

/** Each document as Kubernetes reads it (YAML 1.1). Throws Error with what is wrong, in one line. */
export function yamlDocuments(source: string): unknown[] {
  const lines = new LineCounter();
  const composer = new Composer({
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isLeftOut(tag)),
    // The library compares each key with every one before: 60,000 keys would take a minute.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const plain: unknown[] = [];
  try {
    for (const document of composer.compose(new Parser(lines.addNewLine).parse(source))) {
      if (plain.length >= DOCUMENTS) throw new Error(`it has more than ${DOCUMENTS} documents`);
      const [wrong] = [...document.errors, ...document.warnings];
      if (wrong) throw new Error(`${wrong.message} ${placeOf(lines, wrong.pos[0])}`);
      demandUniqueKeys(document, lines);
      plain.push(document.toJS({ maxAliasCount: ALIASES }));
    }
  } catch (cause) {
    // Deep nesting ends the stack and not the process.
    throw cause instanceof RangeError ? new Error('it is nested too deep', { cause }) : cause;
  }
  return plain;
}

function isLeftOut({ tag, format }: { tag: string; format?: string }): boolean {
  return LEFT_OUT.has(tag) || format === 'TIME';
}

function demandUniqueKeys(document: Document, lines: LineCounter): void {
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) throw new Error(`map keys must be unique ${placeOf(lines, key.range?.[0] ?? 0)}`);
        seen.add(key.value);
      }
    },
  });
}

function placeOf(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `at line ${line}, column ${col}`;
}
