/** What a collector tells the Checkpoints of a cluster, when, and what a cluster that cannot be told does not hold up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '@stillframe/controller';
import { type FakeApi, openFakeApi, Refusal } from '@stillframe/controller/fixture';
import { at, digestOf, type JsonObject, listAt } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { openClusterApi } from '@stillframe/kubernetes';
import { parse } from 'yaml';
import { captureText, FIXTURE } from '../image/desk.fixture.ts';
import { atCollectDesk, type CollectDesk, makeOld } from './desk.fixture.ts';
import { CollectorFigures } from './figures.ts';
import { summaryOf } from './findings.ts';
import { OwedReports } from './owed-reports.ts';
import { Reporter } from './reporter.ts';
import { LocalRetention } from './retention.ts';

const RULES = join(import.meta.dirname, '../../../../deploy/chart/files/collector-rules.yaml');
const CHECKPOINTS = 'stillframe.io/checkpoints';
const digest = digestOf(readFileSync(FIXTURE));

interface ReportDesk extends CollectDesk {
  readonly api: FakeApi;
  readonly figures: CollectorFigures;
  /** A new one, as after a start, which reads what an earlier one left. */
  reporter(): Promise<Reporter>;
  /** Lets every pause that a try waits for be over. */
  later(): void;
  /** A Checkpoint of the archive, as the controller leaves it once the kubelet has answered. */
  asked(archive: string, more?: { spec?: object; status?: object }): void;
  collected(): unknown;
  owed(): Promise<number>;
}

const atReportDesk = (use: (desk: ReportDesk) => Promise<void>) =>
  atCollectDesk(async (desk) => {
    await using api = await openFakeApi(systemClock);
    const figures = new CollectorFigures();
    const { state, log } = desk;
    let passed = 0;
    await use({
      ...desk,
      ...{ api, figures },
      async reporter() {
        return new Reporter({
          ...{ api: openClusterApi(api.access), node: 'node-1', owed: await OwedReports.open(state.path), figures },
          logger: { log: (level, message, fields = {}) => void log.push({ level, message, fields }) },
          signal: new AbortController().signal,
          now: () => Date.now() + passed,
        });
      },
      later: () => {
        passed += 600_000;
      },
      asked(archive, { spec = {}, status = {} } = {}) {
        const time = new Date().toISOString();
        const claim = { requestedAt: time, until: time, by: 'controller' };
        const path = `/var/lib/kubelet/checkpoints/${archive}`;
        api.objects.create({ resource: CHECKPOINTS, kubeNamespace: 'default' }, {
          ...{ apiVersion: 'stillframe.io/v1alpha1', kind: 'Checkpoint' },
          metadata: { name: 'one', namespace: 'default' },
          spec: { podName: 'web', destination: { kind: 'Collector' }, ...spec },
          status: { phase: 'Captured', node: 'node-1', container: 'counter', claim, archive: { path }, ...status },
        } as JsonObject);
      },
      collected: () => at(api.objects.all(CHECKPOINTS)[0], 'status', 'collected'),
      owed: async () => (await readdir(join(state.path, 'reports'))).length,
    });
  });

const withoutTime = (collected: unknown) => ({ ...(collected as object), at: undefined });

describe('a collector that reports', () => {
  it('tells the Checkpoint of an archive where it is, its digest and what rules found', () =>
    atReportDesk(async ({ api, archive, asked, at: pathOf, collected, collector, figures, owed, reporter }) => {
      const name = await archive('web');
      asked(name);
      await using telling = await reporter();
      const summary = summaryOf([
        { severity: 'low', rule: 'a' },
        { severity: 'critical', rule: 'memory/injected' },
        { severity: 'low', rule: 'not a name' },
      ]);
      const judge = async () => ({ bytes: new Uint8Array(), count: 3, worst: 'critical' as const, summary });
      const { placed } = await collector({ reporter: telling, judge, figures }).look();
      await telling.settled();
      assert.equal(placed, 1);
      assert.deepEqual(withoutTime(collected()), {
        ...{ node: 'node-1', archive: name, path: pathOf(name), digest, at: undefined },
        ...{ size: readFileSync(FIXTURE).length, location: `fake/${name}`, reference: `fake/${name}` },
        findings: { critical: 1, high: 0, medium: 0, low: 2, info: 0, rules: ['memory/injected', 'a'] },
      });
      assert.deepEqual([await owed(), api.counts.get(`list ${CHECKPOINTS}`)], [0, 1]);
      assert.match((await figures.text()).body, /stillframe_collector_reports_total\{end="told"\} 1/);
    }));

  for (const [pause, told] of [
    [1200.4, 1200],
    [1e300, undefined],
  ])
    it(`tells the pause that evidence has, where a Checkpoint can hold it: ${pause}`, () =>
      atReportDesk(async ({ archive, asked, at: pathOf, collected, collector, reporter }) => {
        const name = await archive('web');
        const names = { name: 'counter', podName: 'web', kubeNamespace: 'default' };
        const envelope = JSON.parse(captureText({ digest, size: 1 }, names)) as { payload: string };
        const statement = Buffer.from(envelope.payload, 'base64').toString();
        const payload = Buffer.from(statement.replace('"truePause":5', `"truePause":${pause}`)).toString('base64');
        await writeFile(evidencePath(pathOf(name)), JSON.stringify({ ...envelope, payload }));
        asked(name);
        await using telling = await reporter();
        assert.equal((await collector({ reporter: telling }).look()).placed, 1);
        await telling.settled();
        assert.deepEqual([at(collected(), 'archive'), at(collected(), 'pauseMicroseconds')], [name, told]);
      }));

  it('tells of one that is not taken why', () =>
    atReportDesk(async ({ archive, asked, at: pathOf, collected, collector, reporter }) => {
      const name = await archive('web');
      await writeFile(pathOf(name), 'this is no archive');
      await makeOld(pathOf(name));
      asked(name);
      await using telling = await reporter();
      assert.equal((await collector({ reporter: telling }).look()).standings[0]?.state, 'refused');
      await telling.settled();
      assert.match(String(at(collected(), 'error')), /\w/);
      assert.equal(at(collected(), 'location'), undefined);
    }));

  it('does not tell who asked for another repository that the archive is there', () =>
    atReportDesk(async ({ archive, asked, collected, collector, reporter }) => {
      const name = await archive('web');
      asked(name, { spec: { destination: { kind: 'Registry', reference: 'registry.example/other:1' } } });
      await using telling = await reporter();
      await collector({ reporter: telling }).look();
      await telling.settled();
      assert.equal(at(collected(), 'reference'), undefined);
      assert.match(String(at(collected(), 'error')), /elsewhere: not registry.example\/other:1, but fake\//);
    }));

  it('asks once about an archive that no Checkpoint is about', () =>
    atReportDesk(async ({ api, archive, collector, figures, later, owed, reporter }) => {
      await archive('web');
      await using telling = await reporter();
      const collecting = collector({ reporter: telling });
      await collecting.look();
      await telling.settled();
      later();
      await collecting.look();
      await telling.settled();
      assert.deepEqual([await owed(), api.total, api.counts.get(`list ${CHECKPOINTS}`)], [0, 1, 1]);
      assert.match((await figures.text()).body, /reports_total\{end="nobody"\} 1/);
    }));

  it('needs the rights of the chart’s file, and uses each of them', () =>
    atReportDesk(async ({ api, archive, asked, collected, collector, later, reporter }) => {
      const name = await archive('web');
      const time = new Date(Date.now() - 3600_000).toISOString();
      const claim = { requestedAt: time, until: time, by: 'controller' };
      // Its kubelet's answer is waited for still, so it is read again by itself.
      asked(name, { status: { phase: 'Capturing', claim, archive: undefined } });
      await using telling = await reporter();
      await collector({ reporter: telling }).look();
      await telling.settled();
      assert.equal(collected(), undefined);
      const address = { resource: CHECKPOINTS, kubeNamespace: 'default', name: 'one', sub: 'status' };
      api.objects.change(address, { status: { phase: 'Unknown' } }, 'merge');
      later();
      await telling.settled();
      assert.equal(at(collected(), 'archive'), name);
      const rules: unknown = parse(readFileSync(RULES, 'utf8'));
      const granted = (Array.isArray(rules) ? rules : []).flatMap((rule) =>
        listAt(rule, 'resources').flatMap((each) =>
          listAt(rule, 'verbs').map((verb) => `${verb} stillframe.io/${each}`),
        ),
      );
      assert.deepEqual([...api.counts.keys()].sort(), granted.sort());
    }));
});

const AWAY: readonly { what: string; before: FakeApi['before'] }[] = [
  { what: 'is away', before: () => 'drop' },
  {
    what: 'forbids it',
    before: () => {
      throw new Refusal(403, 'Forbidden', 'checkpoints is forbidden');
    },
  },
  {
    what: 'does not know the kind',
    before: () => {
      throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    },
  },
];

describe('a cluster that', () => {
  for (const { what, before } of AWAY)
    it(`${what} is told of once, holds nothing up, and is asked again`, () =>
      atReportDesk(async (desk) => {
        const { api, archive, asked, collected, collector, destination, figures, later, log, names, reporter } = desk;
        const [name] = [await archive('web', 3), await archive('other', 2), await archive('third', 1)];
        asked(name);
        api.before = before;
        await using telling = await reporter();
        const { folder, state } = desk;
        const logger = { log: () => undefined };
        const signal = new AbortController().signal;
        const retention = new LocalRetention({
          ...{ folder, state, destination, figures, logger, signal, policy: undefined },
        });
        const collecting = collector({ reporter: telling, retention });
        const { placed, again = Number.NaN } = await collecting.look();
        await telling.settled();
        assert.deepEqual([placed, await names()], [3, []], 'all are pushed, and removed here');
        assert.ok(again <= 1000);
        // One alone is tried at each time, however many are owed.
        assert.equal(api.total, 1);
        for (let turn = 0; turn < 3; turn += 1) {
          later();
          await telling.settled();
        }
        assert.equal(api.total, 4);
        const warned = log.filter(({ message }) => message.includes('cannot be told'));
        assert.equal(warned.length, 1);
        const { body } = await figures.text();
        assert.match(body, /reports_total\{end="failed"\} 4/);
        assert.match(body, /stillframe_collector_reports_owed 3/);
        api.before = () => undefined;
        later();
        await collecting.look();
        await telling.settled();
        assert.equal(at(collected(), 'digest'), digest);
        assert.match((await figures.text()).body, /stillframe_collector_reports_owed 0/);
      }));
});

describe('a collector that was killed', () => {
  it('between push and report makes the report at its next start, also where the archive has gone since', () =>
    atReportDesk(async (desk) => {
      const { api, archive, asked, at: pathOf, collected, collector, destination, later, owed, reporter } = desk;
      const name = await archive('web');
      asked(name);
      api.before = () => 'drop';
      const killed = await reporter();
      await collector({ reporter: killed }).look();
      await killed.settled();
      assert.deepEqual([await owed(), collected()], [1, undefined]);
      await rm(pathOf(name));
      api.before = () => undefined;
      later();
      await using next = await reporter();
      await collector({ reporter: next }).look();
      await next.settled();
      assert.equal(at(collected(), 'location'), `fake/${name}`);
      assert.deepEqual([await owed(), destination.tries], [0, 1]);
    }));

  it('before its record said that the archive is there says it once, with the same words', () =>
    atReportDesk(async ({ api, archive, asked, collected, collector, reporter, state }) => {
      const name = await archive('web');
      asked(name);
      const keep = state.keep.bind(state);
      state.keep = async (record) => {
        if (record.placed) throw Object.assign(new Error('killed'), { code: 'ECANCELED' });
        await keep(record);
      };
      const killed = await reporter();
      await collector({ reporter: killed }).look();
      await killed.settled();
      state.keep = keep;
      await using next = await reporter();
      assert.equal((await collector({ reporter: next }).look()).placed, 1);
      await next.settled();
      assert.equal(at(collected(), 'archive'), name);
      assert.equal(api.counts.get(`patch ${CHECKPOINTS}/status`), 1);
    }));

  it('reads back nothing that was altered', () =>
    atReportDesk(async ({ api, archive, collector, owed, reporter, state }) => {
      await archive('web');
      api.before = () => 'drop';
      const first = await reporter();
      await collector({ reporter: first }).look();
      await first.settled();
      const [file = ''] = await readdir(join(state.path, 'reports'));
      await writeFile(join(state.path, 'reports', file), '{"kind":"OwedReport","schemaVersion":1,"collected":{}}');
      await using next = await reporter();
      assert.deepEqual([await owed(), next.again], [0, undefined]);
    }));
});
