import assert from 'node:assert/strict';
import { test } from 'node:test';
import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { at, listAt } from '@stillframe/core';
import Ajv from 'ajv-draft-04';
import formats from 'ajv-formats';
import { everyKind, findingAt, HOSTILE, judgedFixture } from '../judged.fixture.ts';
import { sarifLog } from './sarif.ts';

/** As it is written to a file: JSON has neither bigint nor undefined. */
function written(log: object): unknown {
  return JSON.parse(JSON.stringify(log, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}

test('the log is valid by the schema of SARIF 2.1.0, whatever names the evidence has', async () => {
  const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar']) {
    const log = written(sarifLog(await judgedFixture(name, everyKind)));
    assert.ok(validate(log), JSON.stringify(validate.errors?.slice(0, 5), null, 1));
  }
});

test('a result names its finding, its rule and the entries of the archive that it stands in', async () => {
  const judged = await judgedFixture('podman-redis.tar', () => [findingAt(['entry/spec.dump@8+64', 'process/1'])]);
  const log = written(sarifLog(judged));
  const [result] = listAt(at(log, 'runs', 0), 'results');
  assert.equal(at(result, 'fingerprints', 'stillframeFinding/v1'), judged.analysis.findings[0]?.id);
  assert.equal(at(result, 'ruleId'), judged.rules[0]?.id);
  const place = at(result, 'locations', 0, 'physicalLocation');
  assert.deepEqual(at(place, 'region'), { byteOffset: 8, byteLength: 64 });
  assert.equal(at(place, 'artifactLocation', 'uri'), 'spec.dump');
  const artifact = at(log, 'runs', 0, 'artifacts', Number(at(place, 'artifactLocation', 'index')));
  assert.equal(at(artifact, 'location', 'uri'), 'spec.dump');
  const related = at(result, 'relatedLocations', 0, 'logicalLocations', 0);
  assert.deepEqual(related, { fullyQualifiedName: 'process/1', kind: 'process' });
});

test('text of the evidence makes neither links nor places to fill in', async () => {
  const judged = await judgedFixture('open-files.tar', () => [findingAt(['process/1'], { summary: HOSTILE })]);
  const text = String(at(sarifLog(judged), 'runs', 0, 'results', 0, 'message', 'text'));
  assert.doesNotMatch(text, /\]\(|[^{]\{0\}|\u001b|\u202e/);
});

test('faults of the evidence are notifications', async () => {
  const judged = await judgedFixture('open-files.tar');
  const diagnostics = [
    { id: 'image-truncated', severity: 'error' as const, source: 'mm-1.img', message: 'ends early' },
  ];
  const [notification] = listAt(
    at(sarifLog({ ...judged, diagnostics }), 'runs', 0, 'invocations', 0),
    'toolExecutionNotifications',
  );
  assert.deepEqual(notification, {
    ...{ descriptor: { id: 'image-truncated' }, level: 'error', message: { text: 'mm-1.img: ends early' } },
  });
});

test('the same archive gives the same log', async () => {
  const [one, other] = [
    await judgedFixture('crio-counter.tar', everyKind),
    await judgedFixture('crio-counter.tar', everyKind),
  ];
  assert.equal(JSON.stringify(written(sarifLog(one))), JSON.stringify(written(sarifLog(other))));
});
