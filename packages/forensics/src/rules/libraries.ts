/** Libraries that came from where none are, or that somebody asked the loader to put before all others. */
import type { Tables } from '../analysers/index.ts';
import type { MappingRow } from '../analysers/mappings.ts';
import type { Suspicion } from '../finding.ts';
import { CODE_FILES, makesCode } from '../program/jit.ts';
import { isHidden, isTemporary, placeOf } from '../program/place.ts';
import { baseName, processText } from '../program/program.ts';
import { processOf } from '../program/rows.ts';
import type { Rule } from './rule.ts';

const EXECUTE = 4;
const SHOWN = 20;

/** Executable mappings of files other than what the process runs, by path. */
function codeFiles(tables: Tables): ReadonlyMap<string, readonly MappingRow[]> {
  const own = new Map(tables.processes.map(({ pid, executable }) => [pid, executable]));
  return Map.groupBy(
    tables.mappings.filter(({ pid, prot, backing }) => {
      if ((prot & EXECUTE) === 0 || !(backing.startsWith('/') || backing === 'memfd')) return false;
      const executable = own.get(pid);
      return backing === 'memfd' ? executable?.memfd !== true : executable?.path !== backing;
    }),
    ({ backing }) => backing,
  );
}

function whoText(tables: Tables, rows: readonly MappingRow[]): string {
  const pids = [...new Set(rows.map(({ pid }) => pid))];
  const [pid = 0] = pids;
  const first = processText(processOf(tables, pid) ?? { pid, name: undefined });
  return pids.length === 1 ? `${first} has` : `${first} and ${pids.length - 1} more have`;
}

function findingOf(rows: readonly MappingRow[], given: Omit<Suspicion, 'references'>): Suspicion[] {
  const [first, ...more] = rows
    .slice(0, SHOWN)
    .map(({ pid, start, end }) => ({ kind: 'mapping', pid, start, end }) as const);
  return first === undefined ? [] : [{ ...given, references: [first, ...more] }];
}

/** Runtimes that unpack libraries of their own into scratch folders. */
const UNPACKED =
  /^\/(?:tmp|var\/tmp|run\/user\/\d+)\/(?:\.mount_[^/]+\/|_MEI\w+\/|jna-?\d*\/|hsperfdata_|lib(?:netty|rocksdb|snappy|zstd|lz4|sqlite|jansi|leveldb|conscrypt|jffi|tcnative|tensorflow|onnxruntime|cufile|jline|native)\w*|(?:snappy|sqlite|jansi|jffi|zstd|lz4|brotli|netty|tcnative|rocksdb|jline)[-.\w]*|jffi\w*\.so|\.?[\w-]+\.node$|\.org\.\w+|native-lib|pymp-|torch|triton|numba|go-build)/;

/** Whether it is one of these, and what lies behind that is not hidden. */
function isUnpacked(path: string): boolean {
  return UNPACKED.test(path) && !isHidden(path.replace(UNPACKED, '/x'));
}

export const libraryOddPlace: Rule = {
  id: 'library-from-odd-place',
  title: 'library that was loaded from a temporary or hidden place',
  severity: 'high',
  techniques: ['T1574.006', 'T1055'],
  why: 'A library in a folder of scratch files, behind a dot or in no filesystem runs with the rights of the program that it was put into: a rootkit of user space, or injected code.',
  benign: 'Java, Python and Node.js unpack libraries of their packages into /tmp (`low` where it looks so).',
  *judge(tables) {
    for (const [path, rows] of codeFiles(tables)) {
      const isOdd = path === 'memfd' || isTemporary(path) || isHidden(path) || path.startsWith('/dev/');
      if (!isOdd || CODE_FILES.test(path) || path.startsWith('/dev/zero')) continue;
      const odd = rows.filter(({ pid }) => {
        const process = processOf(tables, pid);
        return path !== 'memfd' || process === undefined || !makesCode(tables, process);
      });
      const what = path === 'memfd' ? 'code from a file that lies in no filesystem (memfd)' : `code from ${path}`;
      yield* findingOf(odd, {
        summary: `${whoText(tables, odd)} ${what}`,
        severity: isUnpacked(path) ? 'low' : undefined,
        details: { path, processes: [...new Set(odd.map(({ pid }) => pid))].slice(0, SHOWN) },
      });
    }
  },
};

export const libraryDeleted: Rule = {
  id: 'library-deleted',
  title: 'library was deleted while it is in use',
  severity: 'medium',
  techniques: ['T1070.004', 'T1574.006'],
  why: 'A library that was loaded and then deleted leaves nothing to be looked at. The checkpoint has its content still.',
  benign: 'An upgrade of packages without a restart; the library lies in a folder of the system then (`low`).',
  *judge(tables) {
    for (const [path, rows] of codeFiles(tables)) {
      const deleted = rows.filter((row) => row.deleted);
      if (deleted.length === 0 || path === 'memfd' || CODE_FILES.test(path) || path.startsWith('/dev/zero')) continue;
      yield* findingOf(deleted, {
        summary: `${whoText(tables, deleted)} code from ${path}, which was deleted`,
        severity: placeOf(path) === 'system' || isUnpacked(path) ? 'low' : undefined,
        details: { path, processes: [...new Set(deleted.map(({ pid }) => pid))].slice(0, SHOWN) },
      });
    }
  },
};

/** Libraries that images ask for: allocators, wrappers of tests and builds, sanitizers, iconv of Alpine, agents that observe. */
const KNOWN_PRELOAD =
  /^(?:lib)?(?:jemalloc|tcmalloc\w*|mimalloc|hoard|snmalloc|scudo|hugetlbfs|eatmydata|faketime\w*|fakeroot\w*|fakechroot|nss_wrapper|uid_wrapper|socket_wrapper|pam_wrapper|cwrap|asan|tsan|ubsan|lsan|SegFault|memusage|pcprofile|stdbuf|preloadable_libiconv|iconv|gcompat|musl|dl|m|pthread|stdc\+\+|gomp|iomp\d?|cuda\w*|nvidia\w*|vgpu|instana|datadog\w*|dd_\w+|newrelic\w*|dynatrace\w*|oneagent\w*|otel\w*|opentelemetry\w*|elastic\w*|heaptrack\w*|vtune\w*|ittnotify\w*|snoopy|tsocks|getpid|randomize|umockdev\w*|xcb\w*|gtk3-nocsd|crypto|ssl|curl)(?:[-.\w]*)$/i;

const VARIABLES = /^(LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH)=(.+)$/s;

/** Parts of such a variable that are odd, and whether all the rest is known. */
function judgeVariable(name: string, value: string): { odd: readonly string[]; known: boolean } {
  const parts = value.split(name === 'LD_PRELOAD' ? /[\s:]+/ : ':').slice(0, 1000);
  const odd = parts.filter((part) => {
    const path = part.endsWith('/') ? part : name === 'LD_LIBRARY_PATH' ? `${part}/` : part;
    return isTemporary(path) || isHidden(path) || path.startsWith('/dev/') || path.startsWith('/proc/');
  });
  const known =
    name === 'LD_LIBRARY_PATH' ||
    (name === 'LD_PRELOAD' && parts.every((part) => part === '' || KNOWN_PRELOAD.test(baseName(part))));
  return { odd, known };
}

export const libraryPreloaded: Rule = {
  id: 'library-preloaded',
  title: 'loader was told to load a library first',
  severity: 'medium',
  techniques: ['T1574.006'],
  why: 'LD_PRELOAD and LD_AUDIT put code into every program that is started with them; LD_LIBRARY_PATH lets a library of the same name take the place of the right one.',
  benign:
    'Allocators, wrappers of tests and agents that observe, as the image or the pod says: those that the container was declared with are `info`.',
  *judge({ processes, container }) {
    const declared = new Set(container.spec?.process.env);
    const found = new Map<string, { pids: number[]; first: string }>();
    for (const process of processes) {
      for (const text of process.environment ?? []) {
        if (!VARIABLES.test(text)) continue;
        const entry = found.get(text) ?? { pids: [], first: processText(process) };
        found.set(text, entry);
        entry.pids.push(process.pid);
      }
    }
    for (const [text, { pids, first }] of found) {
      const [, name = '', value = ''] = VARIABLES.exec(text) ?? [];
      const { odd, known } = judgeVariable(name, value);
      const [pid, ...more] = pids;
      if (pid === undefined || (name === 'LD_LIBRARY_PATH' && odd.length === 0)) continue;
      const who = more.length === 0 ? `${first} was` : `${first} and ${more.length} more were`;
      const isDeclared = declared.has(text);
      const isWorst = odd.length > 0 && name !== 'LD_LIBRARY_PATH' && !isDeclared;
      yield {
        summary: `${who} started with ${name}=${value.slice(0, 300)}`,
        references: [
          { kind: 'process', pid },
          ...more.slice(0, SHOWN - 1).map((each) => ({ kind: 'process', pid: each }) as const),
        ],
        severity: isWorst ? 'high' : odd.length > 0 ? undefined : isDeclared || known ? 'info' : undefined,
        details: { variable: name, value: value.slice(0, 1000), declared: isDeclared },
      };
    }
  },
};
