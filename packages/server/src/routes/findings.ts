/** What the rules say, the worst first, with the places that a click opens. */
import { type Endpoint, endpointText } from '@stillframe/checkpoint';
import { isObject } from '@stillframe/core';
import { type EvidenceReference, type Finding, referenceText, rules, SEVERITIES } from '@stillframe/forensics';
import type { FindingFacts, FindingList, Place } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Findings, places and details that are listed, and characters of one detail. */
const [MOST, MOST_PLACES, MOST_DETAILS, LONGEST] = [1000, 20, 24, 1000];

export const findings: AnswerRoute<'findings'> = async ({ one, question }): Promise<FindingList> => {
  const { findings: found } = await one.analysis(question.flag('memory'));
  const counts = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, found.filter((each) => each.severity === severity).length]),
  ) as FindingList['counts'];
  return { findings: found.slice(0, MOST).map(factsOf), total: found.length, rules: rules.length, counts };
};

function factsOf({ id, rule, title, severity, summary, techniques, references, details }: Finding): FindingFacts {
  const judge = rules.find((each) => each.id === rule);
  return {
    ...{ id, rule, title, severity, summary, techniques },
    places: references.slice(0, MOST_PLACES).map(placeOf),
    placesTotal: references.length,
    details: Object.entries(details ?? {})
      .filter(([, value]) => value !== undefined)
      .slice(0, MOST_DETAILS)
      .map(([name, value]) => [name, detailText(value).slice(0, LONGEST)] as const),
    ...{ why: judge?.why ?? '', benign: judge?.benign ?? '' },
  };
}

/** Plain words where it is a word, an end of a connection as people write it, JSON for all else; bytes are told by how many they are. */
function detailText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isEndpoint(value)) return endpointText(value);
  const text = JSON.stringify(value, (_, each) => {
    if (typeof each === 'bigint') return `0x${each.toString(16)}`;
    return each instanceof Uint8Array ? `${each.length} bytes` : each;
  });
  return text ?? '';
}

function placeOf(reference: EvidenceReference): Place {
  const { kind } = reference;
  const text = referenceText(reference);
  switch (kind) {
    case 'memory':
      return { kind, text, pid: reference.pid, address: hex(reference.address), bytes: reference.bytes };
    case 'mapping':
      return { kind, text, pid: reference.pid, address: hex(reference.start) };
    case 'process':
    case 'fd':
      return { kind, text, pid: reference.pid };
    case 'rootfs':
      return { kind, text, path: reference.path };
    default:
      return { kind, text };
  }
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

function isEndpoint(value: unknown): value is Endpoint {
  return isObject(value) && typeof value['address'] === 'string' && typeof value['port'] === 'number';
}
