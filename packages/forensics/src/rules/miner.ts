/** Miners of currency: by name, by what they are told, and by what they tell their pool. */
import type { Tables } from '../analysers/index.ts';
import type { MemoryRow } from '../analysers/memory.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity, Suspicion } from '../finding.ts';
import { baseName, commandOf, inlineProgram, isShell, processText, programOf } from '../program/program.ts';
import { processOf } from '../program/rows.ts';
import type { Rule } from './rule.ts';

const NAMES =
  /^(?:xmrig(?:-\w+)?|xmr-?stak(?:-\w+)?|xmrigDaemon|minerd|minergate(?:-cli)?|cpuminer(?:-\w+)?|ethminer|ccminer|cgminer|bfgminer|sgminer|t-rex|nbminer|lolminer|gminer|phoenixminer|srbminer(?:-multi)?|teamredminer|nanominer|wildrig(?:-multi)?|nheqminer|claymore\w*|kinsing|kdevtmpfsi|kthreaddi|kthreaddk|sysrv\d*|watchdogs|cryptonight|monero-miner|randomx\w*|rx-miner|verusminer|hellminer|ccminer-verus|tnn-miner|rigel|bzminer|onezerominer|xelis_miner|astrobwt-?miner)(?:\.elf|\.bin)?$/i;
const ARGUMENTS =
  /\bstratum[12]?\+(?:tcp|ssl|tls|udp)(?:4|6)?:\/\/|(?:^| )--donate-level(?:[ =]|$)|(?:^| )--(?:algo|coin)[ =](?:rx\/|cn\/|randomx|cryptonight|monero|xmr|argon2\/chukwa|kawpow|ghostrider)|(?:^| )--(?:cpu-priority|randomx-1gb-pages|nicehash|rig-id)\b.*(?:^| )(?:-o|--url|-u|--user)[ =]|\b(?:pool\.(?:minexmr|supportxmr|hashvault|nanopool)\.\w+|(?:[\w-]+\.)?(?:minexmr\.com|supportxmr\.com|nanopool\.org|moneroocean\.stream|hashvault\.pro|c3pool\.(?:com|org)|2miners\.com|unmineable\.com|herominers\.com|xmrpool\.eu|monerohash\.com|minergate\.com|f2pool\.com|nicehash\.com|zergpool\.com|viabtc\.(?:com|io)|ethermine\.org|skypool\.org|xmr\.pt))(?::\d+)?\b/i;

const URL = 'miner-pool-address';
const CALL = 'miner-pool-call';

/** Hits in the memory of each process. */
function hitsOf({ memory }: Tables): ReadonlyMap<number, readonly MemoryRow[]> {
  const hits = memory.filter(({ pattern, pid }) => pid !== undefined && (pattern === URL || pattern === CALL));
  return Map.groupBy(hits, ({ pid = 0 }) => pid);
}

function findingOf(process: ProcessRow, hits: readonly MemoryRow[]): Suspicion | undefined {
  const { pid, name = '', executable, arguments: args = [] } = process;
  const isNamed = [programOf(process), name, baseName(args[0] ?? ''), baseName(executable?.path ?? '')].some(
    (each) => each !== undefined && NAMES.test(each),
  );
  const command = commandOf(process).slice(0, 8192);
  // Who reads about miners has their words in its arguments too: only what runs them counts.
  const isTold = !/^(?:grep|egrep|rg|pgrep|pkill|strings|less|vim?|nano|cat|tail|yara|clamscan)$/.test(
    programOf(process) ?? '',
  );
  const isCommand = isTold && ARGUMENTS.test(isShell(process) ? (inlineProgram(process) ?? '') : command);
  const signs = [
    ...(isNamed ? ['is called like a miner'] : []),
    ...(isCommand ? ['was told to mine'] : []),
    ...(hits.some(({ pattern }) => pattern === URL) ? ['has the address of a pool in its memory'] : []),
    ...(hits.some(({ pattern }) => pattern === CALL) ? ['speaks to a pool'] : []),
  ];
  if (signs.length === 0) return undefined;
  return {
    summary: `${processText(process)} ${signs.join(', ')}`,
    references: [
      { kind: 'process', pid },
      ...hits.slice(0, 10).map(({ address, bytes }) => ({ kind: 'memory', pid, address, bytes }) as const),
    ],
    severity: severityOf(isNamed || isCommand, hits, process),
    details: { command: command.slice(0, 1000), hits: hits.length },
  };
}

/** Texts in memory alone may have been read: by a shell, an editor, a scanner. */
function severityOf(isCalled: boolean, hits: readonly MemoryRow[], process: ProcessRow): Severity {
  if (isCalled) return hits.length > 0 ? 'critical' : 'high';
  const kinds = new Set(hits.map(({ pattern }) => pattern));
  return isShell(process) ? 'low' : kinds.size > 1 ? 'high' : 'medium';
}

export const miner: Rule = {
  id: 'miner',
  title: 'program that mines currency',
  severity: 'high',
  techniques: ['T1496.001'],
  why: 'Mining on the machines of others is the commonest thing that is done with a container that was broken into, and shows that somebody got in.',
  benign:
    'A container that is there to mine. Texts in memory alone may be those of a filter of traffic or of an analyst (`medium`).',
  patterns: [
    {
      id: URL,
      pattern: {
        kind: 'regex',
        source: 'stratum[12]?\\+(?:tcp|ssl|tls)[46]?://[A-Za-z0-9][A-Za-z0-9.-]{2,100}\\.[A-Za-z0-9-]{2,30}:\\d{2,5}',
        anchors: ['stratum+', 'stratum1+', 'stratum2+'],
      },
    },
    {
      id: CALL,
      pattern: {
        kind: 'regex',
        source:
          '"method":\\s{0,2}"mining\\.(?:subscribe|authorize|submit|notify)",|"params":\\s{0,2}\\{"login":\\s{0,2}"[^"]{1,200}","pass":\\s{0,2}"[^"]{0,100}"',
        anchors: ['"mining.', '{"login":'],
      },
    },
  ],
  *judge(tables) {
    const hits = hitsOf(tables);
    for (const process of tables.processes) {
      const found = process.state === 'dead' ? undefined : findingOf(process, hits.get(process.pid) ?? []);
      if (found) yield found;
    }
    for (const [pid, rows] of hits) {
      const [first] = rows;
      if (first === undefined || processOf(tables, pid) !== undefined) continue;
      yield {
        summary: `process ${pid} has texts of a miner in its memory`,
        references: [{ kind: 'memory', pid, address: first.address, bytes: first.bytes }],
        severity: 'medium',
      };
    }
  },
};
