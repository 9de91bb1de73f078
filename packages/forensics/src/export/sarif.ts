/** Findings as SARIF 2.1.0 (OASIS standard, with errata 01), for dashboards that know the results of analysers of code. */
import { type Diagnostic, harmless, hexOf } from '@stillframe/core';
import type { Finding, Severity } from '../finding.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { type EvidenceReference, referenceText } from '../reference.ts';
import type { Rule } from '../rules/rule.ts';
import { type EvidencePlace, placesIn } from './place.ts';
import { techniqueName, techniqueUrl } from './techniques.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** What `uriBaseId` of each location names: the archive that the entry is in. */
const BASE = 'ARCHIVE';
const TAXONOMY = 'MITRE ATT&CK';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  ...{ critical: 'error', high: 'error', medium: 'warning', low: 'note', info: 'note' },
};
/** As CVSS grades them: critical above 9.0, high above 7.0, medium above 4.0. */
const SCORES: Readonly<Record<Severity, string>> = {
  ...{ critical: '9.5', high: '8.0', medium: '5.5', low: '3.0', info: '0.0' },
};

/** The log: one run over one archive. */
export function sarifLog(judged: JudgedCheckpoint): object {
  const { rules, version, analysis } = judged;
  const cited = [...new Set([...rules, ...analysis.findings].flatMap(({ techniques }) => techniques))].sort();
  const places = placesIn(judged);
  const results = analysis.findings.map((finding) => resultOf(finding, { rules, places, cited }));
  const driver = { name: 'Stillframe', version, semanticVersion: version, rules: rules.map(ruleOf) };
  const run = {
    tool: { driver: { ...driver, supportedTaxonomies: [{ name: TAXONOMY, index: 0 }] } },
    taxonomies: [taxonomyOf(cited)],
    automationDetails: { id: `stillframe/${judged.archive.digest ?? encodeURIComponent(judged.archive.name)}` },
    originalUriBaseIds: { [BASE]: { description: message(baseText(judged)) } },
    artifacts: artifactsOf(judged, results),
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: judged.diagnostics.map(notificationOf) }],
    columnKind: 'utf16CodeUnits',
    results,
  };
  return { $schema: SCHEMA, version: '2.1.0', runs: [run] };
}

function ruleOf({ id, title, severity, techniques, why, benign }: Rule): object {
  const [first] = techniques;
  return {
    id,
    name: id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: message(title),
    fullDescription: message(why),
    help: {
      ...message(`${why}\nIt may be benign: ${benign}`),
      markdown: `${why}\n\n**It may be benign:** ${benign}`,
    },
    ...(first === undefined ? {} : { helpUri: techniqueUrl(first) }),
    defaultConfiguration: { level: LEVELS[severity] },
    relationships: techniques.map((technique) => ({
      target: { id: technique, toolComponent: { name: TAXONOMY, index: 0 } },
      kinds: ['relevant'],
    })),
    properties: {
      tags: ['security', 'forensics', ...techniques.map((technique) => `external/attack/${technique}`)],
      'security-severity': SCORES[severity],
      severity,
    },
  };
}

function taxonomyOf(cited: readonly string[]): object {
  return {
    name: TAXONOMY,
    organization: 'MITRE',
    informationUri: 'https://attack.mitre.org/',
    shortDescription: message('Techniques of attackers'),
    taxa: cited.map((id) => ({ id, shortDescription: message(techniqueName(id)), helpUri: techniqueUrl(id) })),
  };
}

interface Found {
  rules: readonly Rule[];
  places: (reference: EvidenceReference) => EvidencePlace | undefined;
  cited: readonly string[];
}

interface Result {
  readonly locations: readonly Location[];
}

function resultOf(finding: Finding, { rules, places, cited }: Found): Result {
  const { id, rule, severity, summary, references, details, techniques } = finding;
  const [first, ...related] = references;
  const index = rules.findIndex((each) => each.id === rule);
  return {
    ...{ ruleId: rule, ...(index < 0 ? {} : { ruleIndex: index }), level: LEVELS[severity], kind: 'fail' },
    message: message(summary),
    locations: [locationOf(first, places(first))],
    ...(related.length === 0
      ? {}
      : { relatedLocations: related.map((each, number) => ({ id: number, ...locationOf(each, places(each)) })) }),
    fingerprints: { 'stillframeFinding/v1': id },
    partialFingerprints: { 'stillframeFinding/v1': id },
    taxa: techniques.map((technique) => ({
      ...{ id: technique, index: cited.indexOf(technique), toolComponent: { name: TAXONOMY, index: 0 } },
    })),
    properties: {
      ...{ severity, 'security-severity': SCORES[severity], references: references.map(referenceText) },
      ...(details === undefined ? {} : { details }),
    },
  } as Result;
}

interface Location {
  physicalLocation: { artifactLocation: { uri: string; uriBaseId: string; index?: number } };
}

function locationOf(reference: EvidenceReference, place: EvidencePlace | undefined): Location {
  const text = referenceText(reference);
  const { offset, bytes } = place ?? {};
  const region = offset === undefined ? {} : { region: { byteOffset: offset, byteLength: bytes ?? 0 } };
  return {
    physicalLocation: {
      artifactLocation: { uri: place === undefined ? '' : uriOf(place.entry), uriBaseId: BASE },
      ...region,
      ...addressOf(reference),
    },
    logicalLocations: [{ fullyQualifiedName: text, kind: reference.kind }],
  } as Location;
}

/** SARIF has addresses as integers of JSON: what is larger than these can be stands in the logical location alone. */
function addressOf(reference: EvidenceReference): object {
  const range =
    reference.kind === 'memory'
      ? { start: reference.address, length: reference.bytes }
      : reference.kind === 'mapping'
        ? { start: reference.start, length: Number(reference.end - reference.start) }
        : undefined;
  if (!range || range.start > BigInt(Number.MAX_SAFE_INTEGER) || !(range.length >= 0)) return {};
  const { start, length } = range;
  return {
    address: { absoluteAddress: Number(start), length, kind: 'data', fullyQualifiedName: referenceText(reference) },
  };
}

/** The archive first, then each entry that a result leads to; each result's location gets the index of its own. */
function artifactsOf({ archive }: JudgedCheckpoint, results: readonly Result[]): readonly object[] {
  const indices = new Map<string, number>([['', 0]]);
  const lengths = new Map([...archive.entries.values()].map(({ name, size }) => [uriOf(name), size]));
  for (const { locations } of results) {
    for (const { physicalLocation } of locations) {
      const { artifactLocation } = physicalLocation;
      if (!indices.has(artifactLocation.uri)) indices.set(artifactLocation.uri, indices.size);
      artifactLocation.index = indices.get(artifactLocation.uri) ?? 0;
    }
  }
  const { digest, size } = archive;
  return [...indices.keys()].map((uri, index) => ({
    location: { uri, uriBaseId: BASE },
    ...(index === 0 ? { roles: ['analysisTarget'], description: message(archive.name) } : { parentIndex: 0 }),
    ...(index === 0 && digest !== undefined ? { hashes: { 'sha-256': hexOf(digest) } } : {}),
    ...lengthOf(index === 0 ? size : lengths.get(uri)),
  }));
}

function lengthOf(length: number | undefined): object {
  return length === undefined ? {} : { length };
}

function baseText({ archive, metadata }: JudgedCheckpoint): string {
  const { container } = metadata;
  const whose = [container.kubeNamespace, container.podName, container.name ?? container.id].filter(Boolean).join('/');
  return `the entries of ${archive.name}${whose === '' ? '' : `, the checkpoint of ${whose}`}`;
}

function notificationOf({ id, severity, source, message: text }: Diagnostic): object {
  return {
    descriptor: { id },
    level: severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : 'note',
    message: message(`${source}: ${text}`),
  };
}

/** Of names that are none of URIs each byte is encoded; slashes part them. */
function uriOf(entry: string): string {
  return entry.split('/').map(encoded).join('/');
}

function encoded(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

/** A plain message: what would be a link or a place to fill in (3.11.5, 3.11.6) is written so that it is none. */
function message(text: string): { text: string } {
  const plain = text.split('\n').map(harmless).join('\n');
  return { text: plain.replaceAll('](', ']\\(').replace(/\{(\d+)\}/g, '{{$1}}') };
}
