/** Code in memory that is not that of its file. */
import type { CodeRow } from '../analysers/code.ts';
import type { Severity, Suspicion } from '../finding.ts';
import type { EvidenceReference } from '../reference.ts';
import type { Rule } from './rule.ts';

const WRITE = 2;
/** Bytes in a row that no hook needs: rather a program of its own. */
const PROGRAM = 128;
/** What is mapped as code and is changed by who loads it: .NET’s and Wine’s, Java’s archives of classes. */
const CHANGED_BY_LOADER = /\.(?:dll|exe|jsa|winmd|oat|odex|art)$/i;

function references(row: CodeRow): [EvidenceReference, ...EvidenceReference[]] {
  const { pid, start, end, differences, written } = row;
  const hooks = row.hooks.map(({ address }) => ({ address, bytes: 16 }));
  const places = differences.length > 0 ? differences : hooks.length > 0 ? hooks : written;
  const memory = places
    .slice(0, 8)
    .map(({ address, bytes }): EvidenceReference => ({ kind: 'memory', pid, address, bytes }));
  const mapping: EvidenceReference = { kind: 'mapping', pid, start, end };
  const [first, ...rest] = [...memory, mapping];
  return [first ?? mapping, ...rest];
}

function detailsOf(row: CodeRow): Record<string, unknown> {
  const { path, differences, differenceCount, differingBytes, comparedWith, captured } = row;
  return {
    path,
    ...{ captured, differenceCount, differingBytes, comparedWith },
    hooks: row.hooks.map(({ address, target }) => ({ address: hex(address), target: hex(target) })),
    differences: differences.map(({ address, bytes, before, after }) => ({
      address: `0x${address.toString(16)}`,
      bytes,
      before,
      after,
    })),
  };
}

const hex = (address: bigint) => `0x${address.toString(16)}`;

/** How bad a change of code is where it was seen. */
function severityOf(row: CodeRow): Severity {
  if (row.hooks.length > 0) return 'high';
  if (row.onlyBreakpoints) return row.hasUprobes ? 'info' : 'medium';
  if ((row.prot & WRITE) !== 0 || CHANGED_BY_LOADER.test(row.path)) return 'low';
  return 'high';
}

export const codePatched: Rule = {
  id: 'code-patched',
  title: 'code in memory is not that of its file',
  severity: 'high',
  techniques: ['T1055'],
  why: 'Nothing writes to code but debuggers, tracers, and whoever hooks a function: to read passwords, to hide files, to let somebody in. The file on disk stays clean.',
  benign:
    'Tracing by the host puts one-byte breakpoints into code (uprobes, bpftrace, profilers), and so do debuggers; sanitizers and some games’ protections patch themselves.',
  *judge({ code }) {
    for (const row of code) {
      if (row.state !== 'patched' || row.longestDifference >= PROGRAM) continue;
      const [first] = row.differences;
      const what = row.onlyBreakpoints
        ? `${row.differenceCount} breakpoints were set`
        : `${row.differenceCount === 1 ? 'one place was' : `${row.differenceCount} places were`} changed`;
      const how =
        first && !row.onlyBreakpoints ? `, at ${hex(first.address)} from ${first.before} to ${first.after}` : '';
      yield {
        summary: `in the code of ${row.path} in process ${row.pid} ${what}${how}`,
        references: references(row),
        severity: severityOf(row),
        details: detailsOf(row),
      };
    }
    yield* unknownOnes(code);
  },
};

/** Pages that were written to while the file is not at hand: something was done, and what is not known. */
function* unknownOnes(code: readonly CodeRow[]): Iterable<Suspicion> {
  for (const row of code) {
    const [hook] = row.hooks;
    if (row.state === 'unknown' && hook) {
      yield {
        summary: `the code of ${row.path} in process ${row.pid} jumps at ${hex(hook.address)} to ${hex(hook.target)}, which is in no file`,
        references: references(row),
        severity: 'high',
        details: detailsOf(row),
      };
      continue;
    }
    if (row.state !== 'unknown' || row.written.length === 0) continue;
    const bytes = row.written.reduce((sum, each) => sum + each.bytes, 0);
    const soft = (row.prot & WRITE) !== 0 || CHANGED_BY_LOADER.test(row.path) || row.hasUprobes;
    yield {
      summary: `the code of ${row.path} in process ${row.pid} was written to (${bytes} bytes); with --image it can be compared`,
      references: references(row),
      severity: soft ? 'info' : 'medium',
      details: detailsOf(row),
    };
  }
}

export const codeInjected: Rule = {
  id: 'code-injected',
  title: 'other code stands where the code of a file was',
  severity: 'high',
  techniques: ['T1055', 'T1620'],
  why: 'A stretch of a library or program was replaced: code that looks as if it came from a file, and did not.',
  benign:
    'Programs that unpack themselves over their own code (UPX does so elsewhere); mappings that may be written to.',
  *judge({ code }) {
    for (const row of code) {
      if (row.state !== 'patched' || row.longestDifference < PROGRAM) continue;
      yield {
        summary: `${row.differingBytes} bytes of the code of ${row.path} in process ${row.pid} are not those of the file`,
        references: references(row),
        severity: severityOf(row),
        details: detailsOf(row),
      };
    }
  },
};

export const codeRelocated: Rule = {
  id: 'code-relocated',
  title: 'the loader changed code',
  severity: 'info',
  techniques: [],
  why: 'A library with text relocations is changed as it is loaded, so a change of its code by somebody else is not easily seen.',
  benign: 'It is what such libraries are like: old ones, some for 32 bits, some proprietary.',
  *judge({ code }) {
    for (const row of code) {
      if (row.state !== 'relocated') continue;
      yield {
        summary: `the loader changed ${row.differenceCount} places in the code of ${row.path} in process ${row.pid}`,
        references: references(row),
        details: detailsOf(row),
      };
    }
  },
};

export const codeAbsent: Rule = {
  id: 'code-absent',
  title: 'code comes from a file that nobody has',
  severity: 'medium',
  techniques: ['T1055', 'T1070.004'],
  why: 'The image and the changes of the container together are all of its files. What was mapped from another one had been there for a while only.',
  benign: 'The image that was given is not the container’s, or its tag was moved since.',
  *judge({ code }) {
    const absent = code.filter(({ state }) => state === 'absent');
    const files = [...Map.groupBy(absent, ({ path }) => path)];
    const [first] = absent;
    if (first === undefined) return;
    // Programs and their C library are in every image: where none is found it is another image.
    const wrong =
      files.length > 8 ||
      files.some(([path]) => /\/(?:ld-(?:linux|musl)[^/]*|libc\.so\.6|libc\.musl[^/]*)$/.test(path));
    if (wrong) {
      yield {
        summary: `${files.length} files that code comes from are neither in the image nor among the changes: it may be another image`,
        references: references(first),
        severity: 'info',
        details: { paths: files.map(([path]) => path).slice(0, 50) },
      };
      return;
    }
    for (const [path, [row, ...others]] of files) {
      if (row === undefined) continue;
      yield {
        summary: `${path}, whose code process ${row.pid} runs, is neither in the image nor among the changes`,
        references: references(row),
        details: { path, processes: [row, ...others].map(({ pid }) => pid).slice(0, 50) },
      };
    }
  },
};
