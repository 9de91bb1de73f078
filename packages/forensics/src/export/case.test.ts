import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, isObject, listAt } from '@stillframe/core';
import { everyKind, findingAt, HOSTILE, judgedFixture } from '../judged.fixture.ts';
import { caseGraph } from './case.ts';

/** Classes of CASE and UCO 1.4 that are written, with their properties: `!` where a shape demands one. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  'case-investigation:Investigation': ['uco-core:name', 'uco-core:object!', 'case-investigation:investigationForm'],
  'case-investigation:ProvenanceRecord': [
    ...['uco-core:description', 'case-investigation:exhibitNumber', 'uco-core:object!'],
  ],
  'case-investigation:InvestigativeAction': [
    ...['uco-core:name', 'uco-core:description', 'uco-action:startTime', 'uco-action:instrument', 'uco-action:object'],
    ...['uco-action:result', 'case-investigation:wasInformedBy'],
  ],
  'uco-tool:Tool': ['uco-core:name', 'uco-tool:toolType', 'uco-tool:version'],
  'uco-analysis:AnalyticResult': [
    ...['uco-core:name', 'uco-core:statement', 'uco-core:description', 'uco-core:tag', 'uco-core:externalReference'],
    ...['uco-analysis:originatingAnalysis', 'uco-analysis:resultContent'],
  ],
  'uco-core:ExternalReference': [
    ...['uco-core:definingContext', 'uco-core:externalIdentifier', 'uco-core:referenceURL'],
  ],
  'uco-types:Hash': ['uco-types:hashMethod!', 'uco-types:hashValue!'],
  'uco-observable:ArchiveFile': ['uco-core:hasFacet'],
  'uco-observable:File': ['uco-core:hasFacet'],
  'uco-observable:Process': ['uco-core:name', 'uco-core:hasFacet'],
  'uco-observable:NetworkConnection': ['uco-core:description', 'uco-core:hasFacet'],
  'uco-observable:IPv4Address': ['uco-core:hasFacet'],
  'uco-observable:IPv6Address': ['uco-core:hasFacet'],
  'uco-observable:ContentDataFacet': ['uco-observable:hash', 'uco-observable:sizeInBytes'],
  'uco-observable:FileFacet': ['uco-observable:fileName', 'uco-observable:filePath'],
  'uco-observable:ProcessFacet': [
    ...['uco-observable:pid', 'uco-observable:arguments', 'uco-observable:status', 'uco-observable:binary'],
    ...['uco-observable:currentWorkingDirectory', 'uco-observable:parent'],
  ],
  'uco-observable:NetworkConnectionFacet': [
    ...['uco-observable:src', 'uco-observable:sourcePort', 'uco-observable:dst', 'uco-observable:destinationPort'],
  ],
  'uco-observable:IPv4AddressFacet': ['uco-observable:addressValue'],
  'uco-observable:IPv6AddressFacet': ['uco-observable:addressValue'],
};

test('every node is of a known class, has what that demands and no other property, and every link leads to a node', async () => {
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar']) {
    const document = caseGraph(await judgedFixture(name, everyKind));
    const graph = listAt(document, '@graph');
    const prefixes = Object.keys(at(document, '@context') as object);
    const ids = new Set(graph.map((node) => at(node, '@id')));
    assert.equal(ids.size, graph.length, 'no id twice');
    for (const node of graph) {
      assert.ok(isObject(node));
      const type = String([node['@type']].flat()[0]);
      const properties = CLASSES[type];
      assert.ok(properties, `${type} is a known class`);
      // Whoever holds a graph together wants a UUID at the end of each id.
      assert.match(
        String(node['@id']),
        /^kb:[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      const demanded = properties.filter((property) => property.endsWith('!')).map((property) => property.slice(0, -1));
      assert.deepEqual(
        demanded.filter((property) => node[property] === undefined),
        [],
      );
      for (const [property, value] of Object.entries(node)) {
        if (property.startsWith('@')) continue;
        assert.ok(properties.includes(property) || properties.includes(`${property}!`), `${type} ${property}`);
        assert.ok(prefixes.includes(property.slice(0, property.indexOf(':'))));
        for (const one of [value].flat()) {
          if (isObject(one) && '@id' in one) assert.ok(ids.has(one['@id']), `${type} ${property} ${one['@id']}`);
        }
      }
    }
  }
});

test('the capture comes before the analysis, whose results name what they are about', async () => {
  const judged = await judgedFixture('crio-counter.tar', () => [findingAt(['process/6'], { techniques: ['T1611'] })]);
  const graph = listAt(caseGraph(judged), '@graph');
  const of = (type: string) => graph.filter((node) => [at(node, '@type')].flat()[0] === type);
  const [capture, analysis] = of('case-investigation:InvestigativeAction');
  assert.deepEqual(at(analysis, 'case-investigation:wasInformedBy'), [{ '@id': at(capture, '@id') }]);
  assert.equal(
    at(capture, 'uco-action:startTime', '@value'),
    new Date(String(judged.metadata.checkpointed)).toISOString(),
  );
  const [hash] = of('uco-types:Hash');
  assert.equal(`sha256:${at(hash, 'uco-types:hashValue', '@value')}`, judged.archive.digest);
  const [result] = of('uco-analysis:AnalyticResult');
  const content = graph.find((node) => at(node, '@id') === at(result, 'uco-analysis:resultContent', 0, '@id'));
  assert.equal(at(content, '@type'), 'uco-observable:Process');
});

test('the same archive gives the same graph, whatever its names', async () => {
  const [one, other] = [
    await judgedFixture('open-files.tar', everyKind),
    await judgedFixture('open-files.tar', everyKind),
  ];
  assert.equal(JSON.stringify(caseGraph(one)), JSON.stringify(caseGraph(other)));
  assert.ok(JSON.stringify(caseGraph(one)).includes(JSON.stringify(HOSTILE.toWellFormed()).slice(1, -1)));
});
