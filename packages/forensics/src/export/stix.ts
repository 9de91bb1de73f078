/** Findings as a bundle of STIX 2.1 (OASIS standard): what was seen, which techniques it fits, and what to look for elsewhere. */
import type { Finding } from '../finding.ts';
import { type JudgedCheckpoint, momentOf } from '../judged.ts';
import { referenceText } from '../reference.ts';
import { type StixObject, StixObservables } from './stix-observables.ts';
import { techniqueName, techniqueUrl } from './techniques.ts';
import { ownUuid } from './uuid.ts';

/** Makes one object that somebody says, with an id that follows from `parts`. */
type Say = (type: string, parts: readonly string[], body: Readonly<Record<string, unknown>>) => StixObject;

/** The bundle. Times are those of the checkpoint. Of arguments what looks secret is left out, of variables all. */
export function stixBundle(judged: JudgedCheckpoint): StixObject {
  const { archive, analysis } = judged;
  const key = archive.digest ?? archive.name;
  const time = momentOf(judged).toISOString();
  const author = `identity--${ownUuid('identity', 'Stillframe')}`;
  const say: Say = (type, parts, body) => ({
    ...{ type, spec_version: '2.1', id: `${type}--${ownUuid(type, ...parts)}` },
    ...(type === 'identity' ? {} : { created_by_ref: author }),
    ...{ created: time, modified: time, ...body },
  });
  const identity = say('identity', ['Stillframe'], { name: 'Stillframe', identity_class: 'system' });
  const seen = new StixObservables(judged);
  const observed = (parts: readonly string[], refs: readonly string[]) =>
    say('observed-data', [key, ...parts], {
      ...{ first_observed: time, last_observed: time, number_observed: 1, object_refs: [...new Set(refs)] },
    });
  const all = observed(
    [],
    seen.list().map(({ id }) => id),
  );
  const techniques = new Map(techniquesOf(analysis.findings).map((id) => [id, attackPattern(id, say)]));
  const told = analysis.findings.flatMap((finding) =>
    findingObjects(finding, { key, say, seen, observed, techniques, judged }),
  );
  const domain = [identity, all, ...techniques.values(), ...told];
  const { container } = judged.metadata;
  const name = [container.kubeNamespace, container.podName, container.name ?? container.id].filter(Boolean).join('/');
  const whole = say('report', [key], {
    name: `what was found in the checkpoint ${name || archive.name}`.toWellFormed(),
    ...{ report_types: ['observed-data'], published: time },
    object_refs: [...new Set([...domain.filter(({ id }) => id !== author), ...seen.list()].map(({ id }) => id))],
  });
  const objects = [...new Map([...domain, ...seen.list(), whole].map((each) => [each.id, each])).values()];
  return { type: 'bundle', id: `bundle--${ownUuid('bundle', key, JSON.stringify(objects))}`, objects };
}

function techniquesOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.flatMap(({ techniques }) => techniques))].sort();
}

function attackPattern(id: string, say: Say): StixObject {
  return say('attack-pattern', [id], {
    name: techniqueName(id),
    external_references: [{ source_name: 'mitre-attack', external_id: id, url: techniqueUrl(id) }],
  });
}

interface Telling {
  key: string;
  say: Say;
  seen: StixObservables;
  observed: (parts: readonly string[], refs: readonly string[]) => StixObject;
  techniques: ReadonlyMap<string, StixObject>;
  judged: JudgedCheckpoint;
}

/**
 * What was observed, a sighting of each technique, an indicator where others could look for the same, and a report in
 * words that holds them. No note: OASIS' schema of bundles, which many hold one against, knows neither it nor groupings.
 */
function findingObjects(
  finding: Finding,
  { key, say, seen, observed, techniques, judged }: Telling,
): readonly StixObject[] {
  const { id, rule, title, severity, references } = finding;
  const summary = finding.summary.toWellFormed();
  const data = observed(
    [id],
    references.map((reference) => seen.of(reference)),
  );
  const labels = [`severity-${severity}`];
  const source = { source_name: 'stillframe', external_id: id, description: references.map(referenceText).join(' ') };
  const moment = { first_seen: data['first_observed'], last_seen: data['last_observed'] };
  const sightings = finding.techniques.map((technique) =>
    say('sighting', [key, id, technique], {
      ...{ ...moment, count: 1, description: summary, labels, external_references: [source] },
      ...{ sighting_of_ref: techniques.get(technique)?.id, observed_data_refs: [data.id] },
    }),
  );
  const { why, benign } = judged.rules.find((each) => each.id === rule) ?? {};
  const reasons = why === undefined ? '' : `\n${why}\nIt may be benign: ${benign}`;
  const patterns = new Set(
    references.map((reference) => seen.remotePattern(reference)).filter((each) => each !== undefined),
  );
  const indicators = [...patterns].flatMap((pattern) => {
    const indicator = say('indicator', [key, id, pattern], {
      ...{ name: title, description: summary, pattern, pattern_type: 'stix', labels, external_references: [source] },
      ...{ indicator_types: ['anomalous-activity'], valid_from: data['first_observed'] },
    });
    const indicates = finding.techniques.map((technique) =>
      say('relationship', [indicator.id, technique], {
        ...{ relationship_type: 'indicates', source_ref: indicator.id, target_ref: techniques.get(technique)?.id },
      }),
    );
    return [indicator, ...indicates];
  });
  const parts = [data, ...sightings, ...indicators];
  const report = say('report', [key, id], {
    ...{ name: title, description: `${summary}${reasons}`, labels, external_references: [source] },
    ...{
      report_types: ['observed-data'],
      published: data['first_observed'],
      object_refs: parts.map((part) => part.id),
    },
  });
  return [...parts, report];
}
