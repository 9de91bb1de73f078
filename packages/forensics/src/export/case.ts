/** Findings as a graph of CASE 1.4 (over UCO 1.4) in JSON-LD: an investigation with its provenance, what was done, what was found. */
import type { Finding } from '../finding.ts';
import { type JudgedCheckpoint, momentOf } from '../judged.ts';
import { referenceText } from '../reference.ts';
import { CaseTraces, type GraphNode, link } from './case-traces.ts';
import { techniqueUrl } from './techniques.ts';
import { ownUuid } from './uuid.ts';

const UCO = 'https://ontology.unifiedcyberontology.org/uco';
const CONTEXT = {
  kb: 'urn:stillframe:kb:',
  'case-investigation': 'https://ontology.caseontology.org/case/investigation/',
  'uco-action': `${UCO}/action/`,
  'uco-analysis': `${UCO}/analysis/`,
  'uco-core': `${UCO}/core/`,
  'uco-observable': `${UCO}/observable/`,
  'uco-tool': `${UCO}/tool/`,
  'uco-types': `${UCO}/types/`,
  xsd: 'http://www.w3.org/2001/XMLSchema#',
};

/** The document. Times are those of the checkpoint: when it was looked at is none of the evidence. */
export function caseGraph(judged: JudgedCheckpoint): object {
  const { archive, analysis, metadata } = judged;
  const key = archive.digest ?? archive.name;
  const id = (kind: string, ...parts: readonly string[]) => `kb:${kind}-${ownUuid('case', kind, key, ...parts)}`;
  const traces = new CaseTraces(judged);
  const ids = { tool: id('tool', judged.version), capture: id('capture'), analysis: id('analysis') };
  const results = analysis.findings.flatMap((finding) => resultOf(finding, { id, traces, analysis: ids.analysis }));
  const found = results
    .filter(({ '@type': type }) => type === 'uco-analysis:AnalyticResult')
    .map((node) => node['@id']);
  const records = [
    record(id('provenance', 'archive'), '1', 'the checkpoint archive as it was captured', [traces.archive]),
    record(id('provenance', 'traces'), '2', 'what the archive holds of processes, files and connections', traces.ids()),
    ...(found.length === 0 ? [] : [record(id('provenance', 'findings'), '3', 'what rules say of these', found)]),
  ];
  const recorded = records.map((node) => node['@id']);
  const actions = actionsOf(judged, { ...ids, archive: traces.archive, records: recorded, found });
  const { container } = metadata;
  const whose = [container.kubeNamespace, container.podName, container.name ?? container.id].filter(Boolean).join('/');
  const investigation: GraphNode = {
    ...{ '@id': id('investigation'), '@type': 'case-investigation:Investigation' },
    'uco-core:name': `checkpoint of ${whose || archive.name}`.toWellFormed(),
    'case-investigation:investigationForm': 'incident',
    'uco-core:object': [ids.tool, ids.capture, ids.analysis, ...recorded].map(link),
  };
  return { '@context': CONTEXT, '@graph': [investigation, ...actions, ...records, ...results, ...traces.list()] };
}

function record(id: string, exhibitNumber: string, description: string, objects: readonly string[]): GraphNode {
  return {
    ...{ '@id': id, '@type': 'case-investigation:ProvenanceRecord', 'uco-core:description': description },
    ...{ 'case-investigation:exhibitNumber': exhibitNumber, 'uco-core:object': objects.map(link) },
  };
}

interface Done {
  tool: string;
  capture: string;
  analysis: string;
  archive: string;
  records: readonly string[];
  found: readonly string[];
}

function actionsOf(judged: JudgedCheckpoint, done: Done): readonly GraphNode[] {
  const [captured = done.archive, ...derived] = done.records;
  const time = { '@type': 'xsd:dateTime', '@value': momentOf(judged).toISOString() };
  const { engine, engineVersion } = judged.metadata;
  return [
    {
      ...{ '@id': done.tool, '@type': 'uco-tool:Tool', 'uco-core:name': 'Stillframe' },
      ...{ 'uco-tool:toolType': 'forensics', 'uco-tool:version': judged.version },
    },
    {
      ...{ '@id': done.capture, '@type': 'case-investigation:InvestigativeAction', 'uco-core:name': 'preserved' },
      'uco-core:description': `the container was checkpointed${engine === undefined ? '' : ` by ${engine} ${engineVersion ?? ''}`.trimEnd()}`,
      ...{ 'uco-action:startTime': time, 'uco-action:result': [link(captured)] },
    },
    {
      ...{ '@id': done.analysis, '@type': ['case-investigation:InvestigativeAction', 'uco-analysis:Analysis'] },
      ...{ 'uco-core:name': 'analysed', 'uco-core:description': `by ${judged.rules.length} rules` },
      'uco-action:instrument': [link(done.tool)],
      'uco-action:object': [link(captured)],
      ...(derived.length === 0 ? {} : { 'uco-action:result': derived.map(link) }),
      'case-investigation:wasInformedBy': [link(done.capture)],
    },
  ];
}

interface Telling {
  id: (kind: string, ...parts: readonly string[]) => string;
  traces: CaseTraces;
  analysis: string;
}

/** The result, and a reference to each technique that it cites. */
function resultOf(finding: Finding, { id, traces, analysis }: Telling): readonly GraphNode[] {
  const references = finding.techniques.map((technique) => ({
    ...{ '@id': id('reference', finding.id, technique), '@type': 'uco-core:ExternalReference' },
    'uco-core:definingContext': 'MITRE ATT&CK',
    'uco-core:externalIdentifier': technique,
    'uco-core:referenceURL': { '@type': 'xsd:anyURI', '@value': techniqueUrl(technique) },
  }));
  const content = [...new Set(finding.references.map((reference) => traces.of(reference)))];
  const result: GraphNode = {
    ...{ '@id': id('finding', finding.id), '@type': 'uco-analysis:AnalyticResult', 'uco-core:name': finding.title },
    'uco-core:statement': finding.summary.toWellFormed(),
    'uco-core:description': finding.references.map(referenceText).join(' '),
    'uco-core:tag': [`severity:${finding.severity}`, `rule:${finding.rule}`, `finding:${finding.id}`],
    'uco-analysis:originatingAnalysis': link(analysis),
    'uco-analysis:resultContent': content.map(link),
    ...(references.length === 0 ? {} : { 'uco-core:externalReference': references.map((node) => link(node['@id'])) }),
  };
  return [result, ...references];
}
