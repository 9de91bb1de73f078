/** YARA rules on the desk: posted by the page alone, bounded, judged over memory, and told where they are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileYara } from '@stillframe/forensics';
import type { SearchLine } from './contract/index.ts';
import { type Asked, type AtDesk, atDesk } from './desk.fixture.ts';
import type { StartYara } from './yara.ts';

const RULES = 'rule redis { strings: $name = "redis-server" $none = "no such text" condition: 1 of them }';

/** In this process: what it takes to end one is tested where that is done. */
const startYara: StartYara = async (sources) => ({
  ...(await compileYara(sources)),
  diagnostics: [],
  [Symbol.asyncDispose]: async () => undefined,
});

interface Searched {
  readonly desk: AtDesk;
  post(rules: string, asked?: Asked & { pid?: number }): ReturnType<AtDesk['ask']>;
  lines(rules: string, pid?: number): Promise<readonly SearchLine[]>;
}

function search(use: (of: Searched) => Promise<void>, start: StartYara | undefined = startYara): Promise<void> {
  return atDesk(
    async (desk) => {
      const mine = await desk.enter();
      const headers = { origin: `http://127.0.0.1:${desk.port}` };
      const post: Searched['post'] = (rules, { pid = 0, ...asked } = {}) =>
        mine('/api/0/yara', {
          ...{ method: 'POST', headers, body: String(new URLSearchParams({ rules, pid: `${pid}` })) },
          ...asked,
        });
      const lines: Searched['lines'] = async (rules, pid) =>
        (await post(rules, { pid: pid ?? 0 })).text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as SearchLine);
      await use({ desk, post, lines });
    },
    start ? { startYara: start } : {},
  );
}

test('each text of a rule is a line with its place and what stands around it', () =>
  search(async ({ lines }) => {
    const all = await lines(RULES);
    const matches = all.filter((line) => line.kind === 'match');
    assert.ok(matches.length > 3);
    for (const { by, bytes, context, contextOffset } of matches) {
      assert.equal(by, 'redis $name');
      assert.equal(context.slice(contextOffset, contextOffset + bytes), 'redis-server');
    }
    const end = all.at(-1);
    assert.deepEqual(end, { kind: 'end', matches: matches.length, truncated: false, faults: 0, note: null });
    const [first] = matches;
    const one = await lines(RULES, first?.pid ?? 0);
    const pids = new Set(one.flatMap((line) => (line.kind === 'match' ? [line.pid] : [])));
    assert.deepEqual([...pids], [first?.pid]);
  }));

test('rules that are none are told with line and column, in the last line', () =>
  search(async ({ lines, post }) => {
    const [only] = await lines('rule a {\n  condition:\n    nothing\n}');
    assert.equal(only?.kind === 'failed' && only.code, 'ERR_FORENSICS_YARA_RULES');
    assert.deepEqual(only?.kind === 'failed' && only.place, { line: 3, column: 5 });
    const [include] = await lines('include "/etc/passwd"');
    assert.equal(include?.kind === 'failed' && include.code, 'ERR_FORENSICS_YARA_RULES');
    assert.equal((await post('  ')).status, 400);
    assert.equal((await post('x'.repeat((256 << 10) + 1))).status, 413);
    assert.equal((await post('x'.repeat(2 << 20))).status, 413);
  }));

test('another page, a question without a session and a desk without rules get nothing', () =>
  search(async ({ desk, post }) => {
    assert.equal((await post(RULES, { headers: { origin: 'http://evil.example' } })).status, 403);
    assert.equal((await post(RULES, { headers: {} })).status, 403);
    const origin = `http://127.0.0.1:${desk.port}`;
    const body = `rules=${encodeURIComponent(RULES)}&pid=0`;
    const stranger = await desk.ask('/api/0/yara', { method: 'POST', headers: { origin }, body });
    assert.equal(stranger.status, 401);
    assert.equal((await post(RULES, { method: 'GET', body: '' })).status, 404);
  }));

test('rules that take for ever are told to have been given up', () =>
  search(
    async ({ lines }) => {
      const end = (await lines(RULES)).at(-1);
      assert.match((end?.kind === 'end' && end.note) || '', /take too long/);
    },
    async () => ({
      scan: async () => [],
      diagnostics: [{ id: 'yara-slow', severity: 'warning', source: 'rules', message: 'slow' }],
      [Symbol.asyncDispose]: async () => undefined,
    }),
  ));
