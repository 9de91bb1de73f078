import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '@stillframe/core';
import { everyKind, findingAt, judgedFixture } from '../judged.fixture.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { stixBundle } from './stix.ts';
import type { StixObject } from './stix-observables.ts';

/** Types that OASIS' schema of bundles knows, and what STIX 2.1 demands of each beside type, id and, of what somebody says, created and modified. */
const DEMANDED: Readonly<Record<string, readonly string[]>> = {
  identity: ['name'],
  'observed-data': ['first_observed', 'last_observed', 'number_observed', 'object_refs'],
  'attack-pattern': ['name'],
  sighting: ['sighting_of_ref'],
  report: ['name', 'published', 'object_refs'],
  indicator: ['pattern', 'pattern_type', 'valid_from'],
  relationship: ['relationship_type', 'source_ref', 'target_ref'],
};
/** Observables: what they are known by, and what they must have. */
const OBSERVED: Readonly<Record<string, readonly string[]>> = {
  ...{ file: ['name'], directory: ['path'], process: ['pid'], 'network-traffic': ['protocols'] },
  ...{ 'ipv4-addr': ['value'], 'ipv6-addr': ['value'] },
};

const objectsOf = (judged: JudgedCheckpoint) => stixBundle(judged)['objects'] as readonly StixObject[];

test('every object has what its type demands, and every reference leads to one of the bundle', async () => {
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar']) {
    const objects = objectsOf(await judgedFixture(name, everyKind));
    const ids = new Set(objects.map(({ id }) => id));
    assert.equal(ids.size, objects.length, 'no id twice');
    for (const object of objects) {
      const said = DEMANDED[object.type];
      const demanded = said ? [...said, 'created', 'modified', 'spec_version'] : OBSERVED[object.type];
      assert.ok(demanded, `${object.type} is of STIX`);
      assert.deepEqual(
        demanded.filter((property) => object[property] === undefined),
        [],
        object.id,
      );
      assert.match(
        object.id,
        new RegExp(`^${object.type}--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
      );
      const references = Object.entries(object).filter(([property]) => /_refs?$/.test(property));
      for (const [property, value] of references) {
        for (const id of [value].flat()) assert.ok(ids.has(String(id)), `${object.id} ${property} ${id}`);
      }
    }
  }
});

test('an observable has the id that anybody gives it', async () => {
  const objects = objectsOf(await withRemote('198.51.100.3', 4444));
  const address = objects.find(({ type, ...rest }) => type === 'ipv4-addr' && rest['value'] === '198.51.100.3');
  // The example of the standard, section 2.7 (identifiers).
  assert.equal(address?.id, 'ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4');
});

test('a connection to a public address is an indicator of the technique; one to a private address is none', async () => {
  const indicators = async (address: string) =>
    objectsOf(await withRemote(address, 4444)).filter(({ type }) => type === 'indicator');
  const [indicator] = await indicators('198.51.100.3');
  assert.equal(
    indicator?.['pattern'],
    "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.3' AND network-traffic:dst_port = 4444]",
  );
  for (const address of ['10.0.0.1', '127.0.0.1', '192.168.1.1', '172.20.0.1', 'fe80::1', '::ffff:10.1.1.1'])
    assert.deepEqual(await indicators(address), [], address);
});

test('a finding is a report on what was observed and a sighting of each technique, with its own id to cite', async () => {
  const judged = await judgedFixture('crio-counter.tar', () => [findingAt(['process/1'], { techniques: ['T1611'] })]);
  const objects = objectsOf(judged);
  const sighting = objects.find(({ type }) => type === 'sighting');
  const pattern = objects.find(({ id }) => id === sighting?.['sighting_of_ref']);
  assert.deepEqual(pattern?.['external_references'], [
    { source_name: 'mitre-attack', external_id: 'T1611', url: 'https://attack.mitre.org/techniques/T1611/' },
  ]);
  assert.equal(sighting?.['last_seen'], new Date(String(judged.metadata.checkpointed)).toISOString());
  const report = objects.find(({ type }) => type === 'report');
  assert.match(JSON.stringify(report?.['external_references']), new RegExp(judged.analysis.findings[0]?.id ?? 'none'));
  assert.equal(at(report, 'object_refs', 1), sighting?.id);
});

test('the same archive gives the same bundle, and secrets of arguments are not in it', async () => {
  const [one, other] = [
    await judgedFixture('crio-counter.tar', everyKind),
    await judgedFixture('crio-counter.tar', everyKind),
  ];
  assert.deepEqual(stixBundle(one), stixBundle(other));
  const { tables } = one.analysis;
  const processes = tables.processes.map((row) => ({ ...row, arguments: ['app', '--password=hunter2'] }));
  const told = JSON.stringify(stixBundle({ ...one, analysis: { ...one.analysis, tables: { ...tables, processes } } }));
  assert.match(told, /--password=<redacted/);
  assert.doesNotMatch(told, /hunter2/);
});

/** A checkpoint of which one connection goes to that end, and is found. */
async function withRemote(address: string, port: number): Promise<JudgedCheckpoint> {
  const judged = await judgedFixture('podman-redis.tar');
  const { tables } = judged.analysis;
  const socket = tables.sockets.find((row) => row.family === 'ipv4');
  assert.ok(socket);
  const sockets = [{ ...socket, remote: { address, port } }];
  const findings = [findingAt([`socket/${socket.fileId}`])];
  return { ...judged, analysis: { ...judged.analysis, findings, tables: { ...tables, sockets } } };
}
