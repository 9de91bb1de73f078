/** YARA rules over a checkpoint, held against YARA's own command over the memory that was taken out of it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openCheckpoint, readFileTable, readMaps, readProcesses } from '@stillframe/checkpoint';
import { isCode } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openAddressSpace } from '@stillframe/criu-image';
import { analyse, compileYara, judgeYara, scanYara } from '@stillframe/forensics';
import { needs } from '@stillframe/testkit';

const FIXTURES = join(import.meta.dirname, '../../packages/forensics/fixtures');
const RULES = `
rule pool : miner { meta: severity = "high" description = "address of a mining pool" strings: $a = "stratum+tcp://" condition: $a }
rule elf { strings: $magic = { 7f 45 4c 46 02 01 01 ?? } $name = /GLIBC_2\\.[0-9]+/ condition: 1 of them }
rule both { strings: $path = "/tmp/.x" $shell = "/bin/sh" nocase condition: $path and $shell }
rule words { strings: $w = "PATH=" wide ascii condition: #w > 0 }
`;

const open = (name: string) => openCheckpoint(join(FIXTURES, `${name}.tar.zst`));
const compiled = (text = RULES) => compileYara([{ name: 'own.yar', text }]);
const options = { memory: true, signal: undefined };

test('a rule finds what it describes, in memory and in files, with its own words', async () => {
  await using checkpoint = await open('compromised');
  const { tables } = await analyse(checkpoint, { rules: [], memory: false });
  const { findings, rules } = await judgeYara(checkpoint, await compiled(), { tables, ...options });
  const pools = findings.filter(({ rule }) => rule === 'yara-own-pool');
  assert.ok(pools.length > 0 && pools.every(({ severity }) => severity === 'high'));
  assert.equal(pools[0]?.title, 'address of a mining pool');
  assert.match(pools[0]?.summary ?? '', /^memory of process \d+ \(xmrig\) matches the YARA rule pool$/);
  assert.ok(
    findings.some(({ references: [first] }) => first.kind === 'rootfs'),
    'a changed file matches, too',
  );
  assert.deepEqual([...new Set(findings.map(({ rule }) => rule))].sort(), rules.map(({ id }) => id).sort());
});

test('what stands in memory is what YARA’s own command finds there, match for match', needs('yara'), async () => {
  await using checkpoint = await open('compromised');
  await using folder = await openTemporaryFolder(tmpdir());
  const { images } = checkpoint;
  const processes = await readProcesses(images);
  const files = await readFileTable(images);
  const memory = join(folder.path, 'memory');
  await mkdir(memory);
  for (const { pid } of processes) {
    const space = await openAddressSpace(images, pid);
    for (const { start, end, captured } of space ? await readMaps(space, files) : []) {
      if (!space || captured === 0n) continue;
      const bytes = Buffer.alloc(Number(end - start));
      await space.read(start, bytes);
      await writeFile(join(memory, `${pid}-${start.toString(16)}`), bytes);
    }
  }
  await writeFile(join(folder.path, 'own.yar'), RULES);
  const { stdout } = await promisify(execFile)('yara', ['-s', '-r', join(folder.path, 'own.yar'), memory], {
    maxBuffer: 1 << 28,
  });
  const theirs: string[] = [];
  let [rule, pid, start] = ['', '', 0n];
  for (const line of stdout.split('\n')) {
    const file = /^(\w+) .*\/(\d+)-([0-9a-f]+)$/.exec(line);
    const match = /^0x([0-9a-f]+):(\$\w*): /.exec(line);
    if (file) [rule, pid, start] = [file[1] ?? '', file[2] ?? '', BigInt(`0x${file[3]}`)];
    else if (match) theirs.push(`${rule} ${match[2]} ${pid} 0x${(start + BigInt(`0x${match[1]}`)).toString(16)}`);
  }
  const ours: string[] = [];
  const { tables } = await analyse(checkpoint, { rules: [], memory: false });
  const rules = await compiled();
  for await (const { rule: name, strings, references, place } of scanYara(checkpoint, rules, { tables, ...options })) {
    if (place.kind !== 'memory') continue;
    strings.forEach(({ identifier }, i) => {
      const reference = references[i];
      assert.ok(reference?.kind === 'memory');
      ours.push(`${name} ${identifier} ${reference.pid} 0x${reference.address.toString(16)}`);
    });
  }
  assert.ok(ours.length > 50, `${ours.length} matches`);
  assert.deepEqual(ours.sort(), theirs.sort());
});

test('rules that are none are told by file, line and column, and an include is not followed', async () => {
  for (const [text, told] of [
    ['rule x {\n condition: nothing }', /^own\.yar:2:13: unknown identifier `nothing`/],
    ['include "/etc/passwd"\nrule x { condition: true }', /^own\.yar:1:1: include statements not allowed/],
  ] as const)
    await assert.rejects(
      compiled(text),
      (error) => isCode(error, 'ERR_FORENSICS_YARA_RULES') && told.test(String((error as Error).message)),
    );
});
