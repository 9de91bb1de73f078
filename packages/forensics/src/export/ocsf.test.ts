import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, isObject, listAt } from '@stillframe/core';
import { everyKind, findingAt, HOSTILE, judgedFixture } from '../judged.fixture.ts';
import { ocsfFindings } from './ocsf.ts';

type Shape = Readonly<Record<string, string>>;

/** Attributes of OCSF that are written, by object: `!` where the schema demands one; the name of an object, `[]` for a list. */
const SHAPES: Readonly<Record<string, Shape>> = {
  event: {
    ...{ category_uid: 'number!', category_name: 'string', class_uid: 'number!', class_name: 'string' },
    ...{ activity_id: 'number!', activity_name: 'string', type_uid: 'number!', type_name: 'string' },
    ...{ severity_id: 'number!', severity: 'string', status_id: 'number', status: 'string', status_detail: 'string' },
    ...{
      time: 'number!',
      is_alert: 'boolean',
      message: 'string',
      metadata: 'metadata!',
      finding_info: 'finding_info!',
    },
    ...{ evidences: 'evidences[]', resources: 'resource_details[]' },
  },
  metadata: { version: 'string!', product: 'product!', profiles: 'string[]', uid: 'string' },
  product: { name: 'string', vendor_name: 'string', version: 'string' },
  finding_info: {
    ...{ uid: 'string!', title: 'string', desc: 'string', created_time: 'number', types: 'string[]' },
    ...{ analytic: 'analytic', data_sources: 'string[]', attacks: 'attack[]' },
  },
  analytic: { type_id: 'number!', type: 'string', uid: 'string', name: 'string', version: 'string' },
  attack: { technique: 'technique', sub_technique: 'technique' },
  technique: { uid: 'string', name: 'string', src_url: 'string' },
  evidences: {
    ...{ uid: 'string', data: 'any', process: 'process', file: 'file', connection_info: 'connection' },
    ...{ src_endpoint: 'endpoint', dst_endpoint: 'endpoint' },
  },
  process: {
    ...{ pid: 'number', name: 'string', cmd_line: 'string', file: 'file', working_directory: 'string' },
    ...{ parent_process: 'process', user: 'user', container: 'container' },
  },
  user: { uid: 'string', type_id: 'number' },
  container: { uid: 'string', name: 'string', image: 'image' },
  image: { uid: 'string!', name: 'string' },
  file: {
    ...{ name: 'string!', type_id: 'number!', type: 'string', path: 'string', size: 'number', modified_time: 'number' },
    ...{ hashes: 'fingerprint[]', is_deleted: 'boolean' },
  },
  fingerprint: { algorithm_id: 'number!', algorithm: 'string', value: 'string!' },
  connection: { direction_id: 'number!', direction: 'string', protocol_name: 'string', protocol_ver_id: 'number' },
  endpoint: { ip: 'string', port: 'number' },
  resource_details: { type: 'string', name: 'string', uid: 'string', labels: 'string[]' },
};

test('an event has the attributes of a Detection Finding, and none that the schema does not know', async () => {
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar']) {
    const events = ocsfFindings(await judgedFixture(name, everyKind));
    assert.ok(events.length > 10);
    for (const event of events) demandShape(event, 'event', 'event');
  }
});

test('a finding is of class 2004, graded, with its techniques, at the time of the checkpoint', async () => {
  const judged = await judgedFixture('crio-counter.tar', () => [
    findingAt(['process/6'], { severity: 'critical', techniques: ['T1059.004', 'T1611'] }),
  ]);
  const [event] = ocsfFindings(judged);
  assert.deepEqual(
    ['class_uid', 'type_uid', 'severity_id', 'time'].map((name) => at(event, name)),
    [2004, 200401, 5, Date.parse(String(judged.metadata.checkpointed))],
  );
  const [shell, host] = listAt(event, 'finding_info', 'attacks');
  assert.equal(at(shell, 'technique', 'uid'), 'T1059');
  assert.equal(at(shell, 'sub_technique', 'name'), 'Command and Scripting Interpreter: Unix Shell');
  assert.equal(at(host, 'technique', 'name'), 'Escape to Host');
  assert.equal(at(event, 'evidences', 0, 'process', 'pid'), 6);
  assert.deepEqual(at(event, 'evidences', 0, 'data'), { reference: 'process/6' });
});

test('a finding with very many references says how many artifacts it leaves out', async () => {
  const places = Array.from({ length: 250 }, (_, index) => `memory/1/0x${(index * 16).toString(16)}+16`);
  const judged = await judgedFixture('crio-counter.tar', () => [findingAt(['process/1', ...places])]);
  const evidences = listAt(ocsfFindings(judged)[0], 'evidences');
  assert.equal(evidences.length, 101);
  assert.deepEqual(evidences.at(-1), { data: { referencesLeftOut: 151 } });
});

test('text of the evidence is harmless in every text of an event', async () => {
  const judged = await judgedFixture('crio-counter.tar', () => [findingAt(['process/1'], { summary: HOSTILE })]);
  assert.doesNotMatch(JSON.stringify(ocsfFindings(judged)), /\\u001b|\u202e|\\ud800/);
});

function demandShape(value: unknown, name: string, where: string): void {
  const shape = SHAPES[name];
  assert.ok(shape && isObject(value), `${where} is an object`);
  for (const [attribute, kind] of Object.entries(shape))
    assert.ok(!kind.endsWith('!') || value[attribute] !== undefined, `${where}.${attribute} is there`);
  for (const [attribute, member] of Object.entries(value)) {
    const kind: string | undefined = shape[attribute];
    assert.ok(kind !== undefined, `${where}.${attribute} is none of the schema`);
    const plain: string = kind.replace(/[^\w]/g, '');
    const members: readonly unknown[] = kind.includes('[]') ? (member as unknown[]) : [member];
    for (const one of members) {
      if (SHAPES[plain]) demandShape(one, plain, `${where}.${attribute}`);
      else if (plain !== 'any') assert.equal(typeof one, plain, `${where}.${attribute}`);
    }
  }
}
