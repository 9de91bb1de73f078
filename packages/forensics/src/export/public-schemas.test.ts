/** Exports held against schemas as their publishers have them, where the host has these: no npm package does (docs/export.md). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { at, isObject } from '@stillframe/core';
import { findSchema, needs } from '@stillframe/testkit';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Finding } from '../finding.ts';
import { everyKind, judgedFixture } from '../judged.fixture.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { ocsfFindings } from './ocsf.ts';
import { stixBundle } from './stix.ts';

const OPTIONS = { strict: false, unicodeRegExp: false };

/** Checkpoints with findings at every kind of place, and with those that rules make of them. */
async function* checkpoints(): AsyncGenerator<JudgedCheckpoint> {
  const ofRules = ({ analysis }: JudgedCheckpoint): readonly Finding[] => analysis.findings;
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar'])
    for (const found of [everyKind, ofRules]) yield await judgedFixture(name, found);
}

/** As it is read from a file. */
const written = (value: object): object => JSON.parse(JSON.stringify(value)) as object;

const schemasBelow = (folder: string): readonly object[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object);

test(
  'a bundle is valid by the schemas of STIX 2.1 that OASIS publishes, as a whole and object by object',
  needs('stix-schemas'),
  async () => {
    const schemas = schemasBelow(join(findSchema('stix-schemas') ?? '', 'schemas'));
    const ajv = new Ajv2020({ ...OPTIONS, schemas: [...schemas] });
    formats.default(ajv);
    ajv.addFormat('idn-hostname', true);
    const ids = new Map(schemas.map((schema) => [at(schema, 'title'), String(at(schema, '$id'))]));
    const demand = (type: unknown, value: unknown) => {
      const validate = ajv.getSchema(ids.get(type) ?? '');
      assert.ok(validate, `there is a schema of ${type}`);
      return validate(value) ? [] : (validate.errors ?? []);
    };
    for await (const judged of checkpoints()) {
      const bundle = written(stixBundle(judged));
      for (const object of at(bundle, 'objects') as readonly object[])
        assert.deepEqual(demand(at(object, 'type'), object), [], JSON.stringify(object));
      assert.deepEqual(demand('bundle', bundle), []);
    }
    assert.notDeepEqual(demand('report', { type: 'report' }), [], 'they refuse what is none');
  },
);

test('an event is valid by the schema of a Detection Finding that OCSF publishes', needs('ocsf-schema'), async () => {
  const [schema] = schemasBelow(findSchema('ocsf-schema') ?? '');
  assert.ok(isObject(schema));
  const ajv = new Ajv({ ...OPTIONS, allErrors: true });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  for await (const judged of checkpoints()) {
    for (const event of ocsfFindings(judged))
      assert.ok(validate(written(event)), JSON.stringify([validate.errors, event]));
  }
  assert.ok(!validate({ class_uid: 2004 }), 'it refuses what is none');
});
