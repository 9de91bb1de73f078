/** `scan --sigma` over a compromised container and its clean sibling, by rules of our own. */
import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at } from '@stillframe/core';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../forensics/fixtures/${name}.tar.zst`, import.meta.url));

const PROCESSES = `
title: Shell in a hidden folder
id: 11111111-0000-0000-0000-000000000001
level: high
logsource: { product: linux, category: process_creation }
tags: [attack.t1059.004]
detection:
  shell: { 'Image|endswith': ['/sh', '/bash', '/busybox', '/dash'] }
  place: { CurrentDirectory|startswith: /tmp/. }
  condition: shell and place
---
title: Told to mine
id: miner-told
level: critical
logsource: { category: process_creation }
detection:
  keywords: ['stratum+tcp://']
  condition: keywords
`;
const OTHERS = `
title: Timer of cron written
id: cron-written
logsource: { product: linux, category: file_event }
detection:
  selection: { TargetFilename|re: '^/etc/cron\\.(d|daily)/' }
  condition: 1 of sel*
---
title: Connection to 4443
id: port-4443
level: low
logsource: { product: linux, category: network_connection }
detection:
  selection: { DestinationPort: 4443, DestinationIp|cidr: 127.0.0.0/8 }
  condition: selection
---
title: Too much asked
logsource: { product: linux, category: process_creation }
detection:
  selection: { Hashes: x }
  condition: selection
`;
const IDS = ['sigma-11111111-0000-0000-0000-000000000001', 'sigma-cron-written', 'sigma-miner-told', 'sigma-port-4443'];

test('the planted shell, miner, timer and connection are found; nothing in the clean sibling', () =>
  atDesk(async ({ run, work }) => {
    await mkdir(join(work, 'rules/deep'), { recursive: true });
    await writeFile(join(work, 'rules/processes.yml'), PROCESSES);
    await writeFile(join(work, 'rules/deep/others.yaml'), OTHERS);
    const scan = (name: string, ...more: string[]) => run('scan', fixture(name), '--sigma', 'rules', ...more);
    const { code, stdout, stderr } = await scan('compromised', '--rule', 'sigma-*', '--output', 'json');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /deep\/others\.yaml: rule "Too much asked" is not judged: field "Hashes"\n/);
    assert.match(stderr, /--sigma: 4 rules judged, 1 skipped\n/);
    const { findings, diagnostics } = JSON.parse(stdout) as Record<
      'findings' | 'diagnostics',
      { [key: string]: unknown }[]
    >;
    assert.deepEqual([...new Set(findings.map(({ rule }) => rule))].sort(), IDS);
    assert.ok(diagnostics.some(({ id, source }) => id === 'sigma-rule-skipped' && source === 'deep/others.yaml'));
    const clean = await scan('clean', '--rule', 'sigma-*', '--output', 'json');
    assert.deepEqual(at(JSON.parse(clean.stdout), 'findings'), []);
    const sarif = await scan('compromised', '--output', 'sarif');
    for (const id of IDS)
      assert.ok(sarif.stdout.includes(`"id":"${id}"`) || sarif.stdout.includes(`"id": "${id}"`), id);
    await scan('compromised', '--record', 'record.json');
    const again = await scan('compromised', '--check-record', 'record.json');
    assert.equal(again.code, 0);
    await writeFile(join(work, 'rules/processes.yml'), `${PROCESSES}# more`);
    assert.match((await scan('compromised', '--check-record', 'record.json')).stdout, /ruleFiles/);
  }));

/** In the shape of rules that SigmaHQ publishes, in words of our own. */
const PUBLISHED = `
title: A miner's options
id: mining-options
level: high
tags: [attack.impact, attack.t1496]
logsource: { product: linux, category: process_creation }
detection:
  selection: { CommandLine|contains: [' --cpu-priority=', '--donate-level=0', ' -o pool.', 'stratum+tcp://', 'stratum+udp://'] }
  filter_main_fetched: { CommandLine|contains: ['pool.example/c2', wget] }
  condition: selection and not 1 of filter_*
---
title: Decoded and piped to a shell
id: decoded-to-shell
logsource: { product: linux, category: process_creation }
detection:
  selection_decode: { CommandLine|contains: 'base64 ' }
  selection_run:
    - CommandLine|contains: ['| bash ', '| sh ', '|bash ', '|sh ']
    - CommandLine|endswith: ['| bash', '| sh', '|bash', " |sh", "| sh'"]
  condition: all of selection_*
---
title: File of cron made
id: cron-made
level: low
logsource: { product: linux, category: file_event }
detection:
  selection1: { TargetFilename|startswith: [/etc/cron.d/, /etc/cron.daily/, /var/spool/cron/crontabs/] }
  selection2: { TargetFilename|contains: [/etc/cron.allow, /etc/crontab] }
  condition: 1 of selection*
`;

test('rules as SigmaHQ writes them find the miner, the decoded command and the timer', () =>
  atDesk(async ({ run, work }) => {
    await writeFile(join(work, 'published.yml'), PUBLISHED);
    const found = async (name: string) => {
      const asked = ['--sigma', 'published.yml', '--rule', 'sigma-*', '--no-memory', '--output', 'json'];
      const { stdout, stderr } = await run('scan', fixture(name), ...asked);
      assert.match(stderr, /--sigma: 3 rules judged, 0 skipped\n/);
      const { findings } = JSON.parse(stdout) as { findings: { rule: string; references: string[] }[] };
      return findings.map(({ rule, references }) => `${rule} ${references[0]}`).sort();
    };
    assert.deepEqual(await found('compromised'), [
      ...['sigma-cron-made rootfs/etc/cron.d/sync', 'sigma-decoded-to-shell process/43'],
      'sigma-mining-options process/41',
    ]);
    assert.deepEqual(await found('clean'), []);
  }));

test('files that are no rules are said and skipped; none at all is an error', () =>
  atDesk(async ({ run, work }) => {
    await mkdir(join(work, 'none'));
    const none = await run('scan', fixture('clean'), '--sigma', 'none');
    assert.deepEqual([none.code, /no file that ends in \.yml/.test(none.stderr)], [2, true], none.stderr);
    const row = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(', ')}]\n`;
    const laughs = `a: &a [x]\n${row('b', 'a')}${row('c', 'b')}${row('d', 'c')}${row('e', 'd')}`;
    const files = { 'laughs.yml': laughs, 'deep.yml': '['.repeat(100_000), 'bad.yml': 'a: b: c', 'large.yml': '' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(work, name), text);
    await truncate(join(work, 'large.yml'), (1 << 20) + 1);
    const { stderr } = await run('scan', fixture('clean'), ...Object.keys(files).flatMap((name) => ['--sigma', name]));
    for (const name of Object.keys(files)) assert.ok(stderr.includes(`${name}: `), `${name} in ${stderr}`);
    assert.match(stderr, /--sigma: 0 rules judged, 4 skipped\n/);
  }));
