import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { HtmlValidate } from 'html-validate';
import type { ProcessRow } from '../analysers/processes.ts';
import { everyKind, findingAt, HOSTILE, judgedFixture } from '../judged.fixture.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { reportPage } from './index.ts';
import { sourceOf } from './source.fixture.ts';

const pageOf = (judged: JudgedCheckpoint) => reportPage(sourceOf(judged));

test('the markup is sound, by the rules of the standard and of accessibility', async () => {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
  });
  for (const name of ['podman-redis.tar', 'crio-counter.tar', 'open-files.tar']) {
    const page = pageOf(await judgedFixture(name, everyKind));
    const { results } = await validator.validateString(page);
    assert.deepEqual(
      results.flatMap(({ messages }) => messages.map(({ ruleId, message, line }) => `${line} ${ruleId}: ${message}`)),
      [],
    );
  }
});

test('the page runs nothing and loads nothing; its one style is known by its digest', async () => {
  const page = pageOf(await judgedFixture('open-files.tar', everyKind));
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
  const digest = createHash('sha256').update(style).digest('base64');
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  assert.equal(
    policy.replaceAll('&#39;', "'"),
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
  );
  const tags = new Set(page.match(/<[a-z][^>]*>/g));
  for (const tag of tags) assert.doesNotMatch(tag, /^<(?:script|img|iframe|link|object|form)|\s(?:src|style|on\w+)=/);
  assert.doesNotMatch(style, /url\(|@import/);
  for (const [, target] of page.matchAll(/href="([^"]*)"/g))
    assert.match(target ?? '', /^(#[\w-]+|https:\/\/attack\.mitre\.org\/)/);
});

test('who was not there is told what, when, by whom, how long it stood still, and whether it is whole', async () => {
  const judged = await judgedFixture('crio-counter.tar', () => [findingAt(['process/6'], { severity: 'critical' })]);
  const page = pageOf(judged).replace(/<[^>]+>/g, '');
  assert.match(
    page,
    /The container counter of the pod \S+ in the namespace \S+, which runs the image .*, was checkpointed on 2026-11-23T23:26:53Z/,
  );
  assert.match(page, /stood still for 81\.2 ms for it and ran on\. It was asked for by ada/);
  assert.match(
    page,
    /Integrity: holds\. The archive is what the statement of its capture says\. Not checked: custody\./,
  );
  assert.match(page, new RegExp(String(judged.archive.digest)));
  assert.match(page, /something at process\/6[\s\S]*stillframe show web\.tar process\/6/);
  const { proof, ...rest } = sourceOf(judged);
  assert.match(reportPage({ ...rest, proof: undefined }), /Integrity: not known/);
  const checks = (proof?.checks ?? []).map((check) => ({ ...check, state: 'unchecked' as const }));
  assert.match(reportPage({ ...rest, proof: proof && { ...proof, checks } }), /nobody vouches for it/);
  const failing = (proof?.checks ?? []).map((check) => ({ ...check, state: 'fails' as const }));
  assert.match(reportPage({ ...rest, proof: proof && { ...proof, checks: failing } }), /Integrity: does not hold/);
});

test('secrets of arguments and all variables are left out', async () => {
  const judged = withProcesses(await judgedFixture('crio-counter.tar'), [
    { arguments: ['app', '--password=hunter2'], environment: ['API=hunter3'] },
  ]);
  assert.doesNotMatch(pageOf(judged), /hunter/);
});

test('hostile names are text wherever they stand', async () => {
  const judged = withProcesses(await judgedFixture('crio-counter.tar', everyKind), [
    {
      name: HOSTILE,
      arguments: [HOSTILE],
      executable: { path: HOSTILE, deleted: true, memfd: false, filesystem: HOSTILE },
    },
  ]);
  const container = { ...judged.metadata.container, name: HOSTILE, podName: HOSTILE };
  const page = pageOf({
    ...judged,
    metadata: { ...judged.metadata, container, image: { ...judged.metadata.image, name: HOSTILE } },
  });
  assert.doesNotMatch(page, /<img|\u001b|\u202e|<\/script/);
  assert.ok(page.split('&lt;img src=x onerror=&quot;').length > 8);
});

test('however much there is, the page is bounded and says what it leaves out; parents in a circle are no trap', async () => {
  const judged = await judgedFixture('crio-counter.tar');
  const [change] = judged.analysis.tables.changes;
  assert.ok(change);
  const changes = Array.from({ length: 100_000 }, (_, index) => ({ ...change, path: `/f${index}`, modified: index }));
  const many = withProcesses(
    { ...judged, analysis: { ...judged.analysis, tables: { ...judged.analysis.tables, changes } } },
    Array.from({ length: 2000 }, (_, index) => ({ pid: index + 1, ppid: index === 0 ? 2000 : index })),
  );
  const began = performance.now();
  const page = pageOf(many);
  assert.ok(performance.now() - began < 30_000);
  assert.ok(page.length < 2_000_000, `${page.length}`);
  for (const more of ['… and 1500 more', '… and 99000 more']) assert.ok(page.includes(more), more);
  assert.match(page, /no more|99,7\d\d earlier moments left out/);
});

test('the same source gives the same page', async () => {
  const [one, other] = [
    await judgedFixture('open-files.tar', everyKind),
    await judgedFixture('open-files.tar', everyKind),
  ];
  assert.equal(pageOf(one), pageOf(other));
});

function withProcesses(judged: JudgedCheckpoint, given: readonly Partial<ProcessRow>[]): JudgedCheckpoint {
  const [row] = judged.analysis.tables.processes;
  assert.ok(row);
  const processes = given.map((each) => ({ ...row, ...each }));
  return { ...judged, analysis: { ...judged.analysis, tables: { ...judged.analysis.tables, processes } } };
}
