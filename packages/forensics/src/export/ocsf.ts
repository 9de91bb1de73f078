/** Findings as events of the Open Cybersecurity Schema Framework: class Detection Finding (2004), one event a finding. */
import { harmless, hexOf } from '@stillframe/core';
import type { Finding, Severity } from '../finding.ts';
import { type JudgedCheckpoint, momentOf } from '../judged.ts';
import type { Rule } from '../rules/rule.ts';
import { evidencesIn } from './ocsf-evidence.ts';
import { techniqueName, techniqueUrl } from './techniques.ts';

/** Of the schema: what is written here is the same in all since 1.4. */
const SCHEMA = '1.8.0';

const SEVERITY: Readonly<Record<Severity, readonly [number, string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

/** The events, in the order of the findings. Times are those of the checkpoint. */
export function ocsfFindings(judged: JudgedCheckpoint): readonly object[] {
  const { rules, diagnostics, version, archive } = judged;
  const shared = {
    time: momentOf(judged).getTime(),
    metadata: {
      version: SCHEMA,
      product: { name: 'Stillframe', vendor_name: 'Stillframe', version },
      profiles: ['container'],
    },
    key: archive.digest ?? archive.name,
    source: harmless(archive.name),
    resources: [resourceOf(judged)],
    partial: diagnostics.some(({ severity }) => severity === 'error'),
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    evidences: evidencesIn(judged),
  };
  return judged.analysis.findings.map((finding) => eventOf(finding, shared));
}

/** What all events of a checkpoint have in common. */
interface Shared {
  time: number;
  metadata: { product: { version: string } };
  key: string;
  source: string;
  resources: readonly object[];
  partial: boolean;
  rules: ReadonlyMap<string, Rule>;
  evidences: (references: Finding['references']) => readonly object[];
}

function eventOf(
  finding: Finding,
  { time, metadata, key, source, resources, partial, rules, evidences }: Shared,
): object {
  const { id, rule, title, severity, summary, references } = finding;
  const [severityId, severityName] = SEVERITY[severity];
  const { why, benign } = rules.get(rule) ?? {};
  const reasons = why === undefined ? [] : [why, `It may be benign: ${benign}`];
  return {
    ...{ category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' },
    ...{ activity_id: 1, activity_name: 'Create', type_uid: 200401, type_name: 'Detection Finding: Create' },
    ...{
      severity_id: severityId,
      severity: severityName,
      status_id: 1,
      status: 'New',
      time,
      is_alert: severityId >= 4,
    },
    message: harmless(summary),
    metadata: { ...metadata, uid: `${key}#${id}` },
    finding_info: {
      ...{ uid: id, title, desc: [harmless(summary), ...reasons].join('\n'), created_time: time, types: ['forensics'] },
      analytic: { type_id: 1, type: 'Rule', uid: rule, name: title, version: metadata.product.version },
      data_sources: [source],
      ...(finding.techniques.length === 0 ? {} : { attacks: finding.techniques.map(attackOf) }),
    },
    evidences: evidences(references),
    resources,
    ...(partial ? { status_detail: 'some of the evidence could not be read' } : {}),
  };
}

/** A sub-technique stands under its technique. */
function attackOf(id: string): object {
  const [parent = id] = id.split('.');
  const technique = (uid: string) => ({ uid, name: techniqueName(uid), src_url: techniqueUrl(uid) });
  return parent === id ? { technique: technique(id) } : { technique: technique(parent), sub_technique: technique(id) };
}

/** The archive that was looked at, by its digest. */
function resourceOf({ archive, metadata }: JudgedCheckpoint): object {
  const { container } = metadata;
  const labels = [
    ['kubeNamespace', container.kubeNamespace],
    ['pod', container.podName],
    ['container', container.name],
    ['containerId', container.id],
    ['sha256', archive.digest && hexOf(archive.digest)],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${harmless(value)}`]));
  return { type: 'Checkpoint', name: harmless(archive.name), uid: archive.digest ?? archive.name, labels };
}
