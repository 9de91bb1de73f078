/** One truth: definitions in the chart, what an API server would take by them, and what the controller reads. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { at, isObject, type JsonObject } from '@stillframe/core';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { checkpointSpec, checkpointStatus } from './checkpoint.ts';
import { customResourceDefinitions } from './kinds.ts';
import { decodeCheckpoint, decodePolicy, decodeSchedule } from './object.ts';
import { policySpec } from './policy.ts';
import { scheduleSpec } from './schedule.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const ajv = new Ajv({
  strict: false,
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)), int32: true, int64: true },
});

describe('the custom resources', () => {
  it('are defined in the chart as the code has them', () => {
    const folder = join(ROOT, 'deploy/chart/crds');
    assert.deepEqual(readdirSync(folder).sort(), [...customResourceDefinitions().keys()].sort());
    for (const [name, definition] of customResourceDefinitions()) {
      assert.deepEqual(
        parse(readFileSync(join(folder, name), 'utf8')),
        JSON.parse(JSON.stringify(definition)),
        'npm run gen -- crds',
      );
    }
  });

  it('have structural schemas: a type everywhere, a description, bounds on every text and list', () => {
    for (const definition of customResourceDefinitions().values()) {
      const schema = at(definition, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties');
      for (const part of ['spec', 'status']) visit(at(schema, part), part);
    }
    function visit(schema: unknown, where: string): void {
      assert.ok(isObject(schema) && typeof schema['type'] === 'string', `${where} has no type`);
      assert.ok(typeof schema['description'] === 'string', `${where} has no description`);
      const isFree = schema['type'] === 'string' && schema['enum'] === undefined && schema['format'] === undefined;
      if (isFree) assert.ok(Number(schema['maxLength']) > 0, `${where} has no maxLength`);
      if (schema['type'] === 'array') {
        assert.ok(Number(schema['maxItems']) > 0, `${where} has no maxItems`);
        visit(schema['items'], `${where}[]`);
      }
      const { properties, additionalProperties } = schema;
      assert.ok(properties === undefined || additionalProperties === undefined, where);
      if (additionalProperties !== undefined) visit(additionalProperties, `${where}{}`);
      for (const [name, inner] of Object.entries(isObject(properties) ? properties : {}))
        visit(inner, `${where}.${name}`);
    }
  });

  const time = '2026-01-01T00:00:00Z';
  const condition = { type: 'Captured', status: 'True', reason: 'A', message: 'b', lastTransitionTime: time };
  const table: readonly [
    string,
    { schema: JsonObject; read: (value: unknown, where: string) => unknown },
    unknown,
    boolean,
  ][] = [
    ['a pod', checkpointSpec, { podName: 'web-0.shop' }, true],
    ['no pod', checkpointSpec, {}, false],
    ['a path as pod', checkpointSpec, { podName: '../x' }, false],
    ['a newline after it', checkpointSpec, { podName: 'web\n' }, false],
    ['a name that is too long', checkpointSpec, { podName: 'x'.repeat(254) }, false],
    ['a duration', checkpointSpec, { podName: 'web', retention: { ttl: '72h', keep: 3 } }, true],
    ['a duration of nothing', checkpointSpec, { podName: 'web', retention: { ttl: '0s' } }, false],
    ['a number as duration', checkpointSpec, { podName: 'web', retention: { ttl: 3 } }, false],
    ['too short a timeout', checkpointSpec, { podName: 'web', timeoutSeconds: 5 }, false],
    ['no such destination', checkpointSpec, { podName: 'web', destination: { kind: 'Tape' } }, false],
    ['a quarantine without its mode', checkpointSpec, { podName: 'web', quarantine: {} }, false],
    ['a condition', checkpointStatus, { conditions: [condition] }, true],
    [
      'a condition without a time',
      checkpointStatus,
      { conditions: [{ ...condition, lastTransitionTime: 'soon' }] },
      false,
    ],
    ['a digest', checkpointStatus, { archive: { path: '/x', digest: `sha256:${'a'.repeat(64)}` } }, true],
    ['no digest', checkpointStatus, { archive: { path: '/x', digest: 'sha256:x' } }, false],
    ['a schedule', scheduleSpec, { schedule: '*/5 * * * *', podName: 'web', template: {} }, true],
    ['seconds, too', scheduleSpec, { schedule: '* * * * * *', podName: 'web', template: {} }, false],
    ['no template', scheduleSpec, { schedule: '@daily', podName: 'web' }, false],
    [
      'a policy',
      policySpec,
      { selector: { matchLabels: { app: 'web' } }, triggers: { falco: { priority: 'Error' } } },
      true,
    ],
    ['no selector', policySpec, { triggers: {} }, false],
    ['a limit without its time', policySpec, { selector: {}, rateLimit: { perPod: { count: 1 } } }, false],
    [
      'an operator that there is not',
      policySpec,
      { selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } },
      false,
    ],
  ];
  for (const [what, { schema, read }, value, isGood] of table) {
    it(`${isGood ? 'take' : 'refuse'} ${what}, by schema and by reader`, () => {
      assert.equal(ajv.validate(schema, value), isGood, 'the schema');
      if (isGood) assert.ok(read(value, 'it'));
      else assert.throws(() => read(value, 'it'), /it/);
    });
  }

  it('are read with a status that the collector spoiled, and never forget a claim', () => {
    const metadata = { name: 'one', namespace: 'shop', uid: 'u' };
    const claim = { requestedAt: time, until: time, by: 'x' };
    const document = { metadata, spec: { podName: 'web' }, status: { claim, collected: { node: 7 } } };
    assert.deepEqual(decodeCheckpoint(document).status, { claim });
    const worse = decodeCheckpoint({ ...document, status: { claim: { by: 7 } } });
    assert.match(worse.fault ?? '', /status.claim/);
  });

  it('are in docs/controller.md as they can be applied', () => {
    const page = readFileSync(join(ROOT, 'docs/controller.md'), 'utf8');
    const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
    const documents = blocks.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS() as JsonObject));
    const decoders: Readonly<Record<string, (document: JsonObject) => { fault?: string }>> = {
      Checkpoint: decodeCheckpoint,
      CheckpointSchedule: decodeSchedule,
      CheckpointPolicy: decodePolicy,
    };
    const kinds = documents.map(({ kind }) => String(kind));
    for (const kind of Object.keys(decoders)) assert.ok(kinds.includes(kind), `no example of ${kind}`);
    for (const document of documents) {
      const kind = String(document['kind']);
      const definition = [...customResourceDefinitions().values()].find(
        (each) => at(each, 'spec', 'names', 'kind') === kind,
      );
      if (!definition) continue;
      const schema = at(definition, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema') as JsonObject;
      assert.ok(ajv.validate(schema, document), `${kind}: ${ajv.errorsText()}`);
      assert.equal(decoders[kind]?.(document).fault, undefined);
    }
  });
});
