/** For tests of exports and the report: a real checkpoint, with findings of every kind, some of them from somebody hostile. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { digestSource } from '@stillframe/core';
import { analyse } from './analyse.ts';
import { type Finding, findingId, type Severity } from './finding.ts';
import type { JudgedCheckpoint } from './judged.ts';
import { type EvidenceReference, parseReference } from './reference.ts';
import { rules } from './rules/index.ts';
import { toldDetails } from './told-details.ts';

/** A name that no page, terminal or viewer is to act on. */
export const HOSTILE = `<img src=x onerror="alert(1)">\u001b[2J\u202e]](0) {0} 'a' & </script> \ud800`;

/** The checkpoint of that name with those findings, whatever rules say of it: a rule more must not change these tests. */
export async function judgedFixture(
  name: string,
  found: (checkpoint: JudgedCheckpoint) => readonly Finding[] = () => [],
): Promise<JudgedCheckpoint> {
  const path = fileURLToPath(new URL(`../../checkpoint/fixtures/${name}`, import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  const analysis = await analyse(checkpoint, { memory: false });
  const { archive, metadata } = checkpoint;
  const judged = {
    archive: {
      name: basename(path),
      digest: archive.bytes && (await digestSource(archive.bytes)),
      size: archive.bytes?.size,
      entries: archive.entries,
    },
    ...{ metadata, analysis, rules, diagnostics: checkpoint.diagnostics(), version: '1.2.3' },
  };
  return { ...judged, analysis: { ...analysis, findings: found(judged) } };
}

/** A finding of the first rule at `places`, which are texts of references. */
export function findingAt(places: readonly [string, ...string[]], given: Partial<Finding> = {}): Finding {
  const references = places.map(parseReference) as [EvidenceReference, ...EvidenceReference[]];
  const [rule] = rules;
  if (!rule) throw new Error('there are no rules');
  const { id, title, severity, techniques } = rule;
  return {
    ...{ id: findingId(id, references), rule: id, title, severity, techniques },
    ...{ summary: `something at ${places.join(', ')}`, references, ...given },
    ...(given.details === undefined ? {} : { details: toldDetails(given.details) }),
  };
}

/** One at every kind of place that `judged` has, of every severity, with hostile text. */
export function everyKind({ analysis, archive }: JudgedCheckpoint): readonly Finding[] {
  const { processes, files, sockets, mappings, mounts, changes } = analysis.tables;
  const pid = processes[0]?.pid ?? 1;
  const { start = 0n, end = 1n } = mappings[0] ?? {};
  const hex = (address: bigint) => `0x${address.toString(16)}`;
  const inet = sockets.find((socket) => 'remote' in socket) ?? sockets[0];
  const texts: readonly string[] = [
    ...[`process/${pid}`, `memory/${pid}/${hex(start)}+16`, `mapping/${pid}/${hex(start)}-${hex(end)}`],
    ...[`fd/${pid}/exe`, `fd/${files[0]?.pid ?? pid}/${files[0]?.fd ?? 0}`, `socket/${inet?.fileId ?? 0}`],
    ...['image/files.img#0', 'entry/spec.dump@0+64', `entry/${[...archive.entries.keys()][0] ?? 'x'}`],
    ...[`rootfs${encodeURI(changes[0]?.path ?? '/none')}`, `mount${encodeURI(mounts[0]?.mountpoint ?? '/')}`],
    ...['rootfs/no/such', 'image/none.img', 'process/99999', 'memory/1/0xffffffffff600000+4096'],
  ];
  const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
  return texts.map((text, index) =>
    findingAt([text, `process/${pid}`], {
      severity: severities[index % 5] ?? 'info',
      summary: `${HOSTILE} at ${text}`,
      details: { name: HOSTILE, address: start },
      techniques: index % 3 === 0 ? [] : ['T1059.004', 'T1611'],
    }),
  );
}
