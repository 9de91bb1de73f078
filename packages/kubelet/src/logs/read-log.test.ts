import assert from 'node:assert/strict';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { openFakeApi } from '../fake-api.ts';
import { runtime } from '../fake-runtime.ts';
import { parseLogLine } from './log-line.ts';
import { type LogOptions, readLogOptions } from './options.ts';
import { readLog } from './read-log.ts';

const optionsOf = (query: string, now?: number): LogOptions => {
  const options = readLogOptions(new URLSearchParams(query), now);
  return typeof options === 'string' ? assert.fail(options) : options;
};
const stamp = (second: number) => `2026-08-22T17:00:${String(second).padStart(2, '0')}.123456789Z`;
const LINES = `${stamp(1)} stdout F one
${stamp(2)} stderr F two
${stamp(3)} stdout P thr
${stamp(4)} stderr F between
${stamp(5)} stdout F ee
${stamp(6)} stdout F
`;

describe('a container’s log', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(async () => {
    folder = await openTemporaryFolder(tmpdir());
    path = join(folder.path, '0.log');
    await writeFile(path, LINES);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const still = { goesOn: async () => false, signal: new AbortController().signal };
  const read = async (query = '', more = still) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readLog(path, optionsOf(query), more)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it('is what the container wrote, lines that were broken put together', async () => {
    assert.equal(await read(), 'one\ntwo\nthrbetween\nee\n\n');
    assert.equal(await read('stream=Stdout'), 'one\nthree\n\n');
    assert.equal(await read('stream=Stderr'), 'two\nbetween\n');
  });

  it('has times where lines begin', async () => {
    const expected = `${stamp(1)} one\n${stamp(3)} three\n${stamp(6)} \n`;
    assert.equal(await read('stream=Stdout&timestamps=true'), expected);
  });

  it('ends after so many bytes, and begins at a line from the end, or at a time', async () => {
    assert.equal(await read('limitBytes=6'), 'one\ntw');
    assert.equal(await read('tailLines=2'), 'ee\n\n');
    assert.equal(await read('tailLines=0'), '');
    assert.equal(await read('tailLines=99'), await read());
    assert.equal(await read(`sinceTime=${stamp(5)}`), 'ee\n\n');
    assert.equal(await read('sinceTime=2030-01-01T00:00:00Z'), '');
  });

  it('has the last lines of any length, whatever block they end in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(70_000), { maxLength: 6 }), fc.nat(8), async (lengths, tail) => {
        const lines = lengths.map((length, n) => `${stamp(n)} stdout F ${'x'.repeat(length)}\n`);
        await writeFile(path, lines.join(''));
        const wanted = tail === 0 ? [] : lengths.slice(-tail);
        assert.equal(await read(`tailLines=${tail}`), wanted.map((length) => `${'x'.repeat(length)}\n`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  it('is followed over a rotation until the container ends', async () => {
    let running = true;
    const following = read('follow=true&tailLines=1', { ...still, goesOn: async () => running });
    await delay(300);
    await appendFile(path, `${stamp(7)} stdout F seven\n`);
    await delay(300);
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, `${stamp(8)} stdout F eight\n`);
    await delay(300);
    await writeFile(path, `${stamp(9)} stdout F nine\n`);
    await delay(500);
    await appendFile(path, `${stamp(10)} stdout F ten\n`);
    running = false;
    assert.equal(await following, '\nseven\neight\nnine\nten\n');
  });

  it('is left when the caller goes away', async () => {
    const leaving = new AbortController();
    const following = read('follow=1', { goesOn: async () => true, signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('gone')), 100);
    await assert.rejects(following, (error: Error) => error.name === 'AbortError' || error.message === 'gone');
  });

  it('of a busy container ends all the same when nobody follows', async () => {
    const chunks = readLog(path, optionsOf(''), { ...still, goesOn: async () => true });
    await chunks.next();
    await appendFile(path, `${stamp(9)} stdout F later\n`);
    assert.equal((await chunks.next()).done, true);
  });

  it('with a damaged line gives what is before it, and one without an end is bounded', async () => {
    await writeFile(path, `${stamp(1)} stdout F one\nnonsense\n${stamp(2)} stdout F two\n`);
    const seen: string[] = [];
    const all = async () => {
      for await (const chunk of readLog(path, optionsOf(''), still)) seen.push(Buffer.from(chunk).toString());
    };
    await assert.rejects(all(), { code: 'ERR_KUBELET_LOG_DAMAGED' });
    assert.deepEqual(seen, ['one\n']);
    await writeFile(path, Buffer.alloc(3 << 20, 'x'));
    await assert.rejects(read(), { code: 'ERR_KUBELET_LOG_DAMAGED' });
  });

  it('is bytes: what is no UTF-8 comes through', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${stamp(1)} stdout F `),
      Buffer.of(0xff, 0x00, 0x20, 0xfe),
      Buffer.from('\n'),
    ]);
    await writeFile(path, bytes);
    const [value = []] = await Array.fromAsync(readLog(path, optionsOf(''), still));
    assert.deepEqual([...value], [0xff, 0x00, 0x20, 0xfe, 0x0a]);
  });
});

describe('the options of a log', () => {
  it('are read as Kubernetes reads them', () => {
    const plain = optionsOf('');
    assert.deepEqual(plain, {
      follow: false,
      previous: false,
      timestamps: false,
      tailLines: undefined,
      since: undefined,
      limitBytes: undefined,
      stream: 'all',
    });
    assert.equal(optionsOf('sinceSeconds=10', 50_000).since, 40_000);
    assert.equal(optionsOf('tail=5&tailLines=9').tailLines, 5);
    assert.equal(optionsOf('tail=all&tailLines=9').tailLines, undefined);
    for (const yes of ['true', '1', '', 'yes']) assert.equal(optionsOf(`follow=${yes}`).follow, true, yes);
    for (const no of ['false', 'FALSE', '0']) assert.equal(optionsOf(`follow=${no}`).follow, false, no);
    assert.equal(optionsOf('insecureSkipTLSVerifyBackend=true').follow, false);
  });

  it('are refused in a kubelet’s words', () => {
    const faults = [
      ['tailLines=x', 'Unable to decode query.'],
      ['limitBytes=1.5', 'Unable to decode query.'],
      ['sinceTime=yesterday', 'Unable to decode query.'],
      ['tailLines=-1', 'Invalid request.'],
      ['limitBytes=0', 'Invalid request.'],
      ['sinceSeconds=0', 'Invalid request.'],
      ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 'Invalid request.'],
      ['stream=stdin', 'Invalid request.'],
      ['stream=Stdout&tailLines=1', 'Invalid request.'],
    ] as const;
    for (const [query, words] of faults) assert.equal(readLogOptions(new URLSearchParams(query)), words, query);
  });

  it('are options or a refusal, whatever a query says', () => {
    const names = ['tail', 'tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes', 'stream', 'follow'];
    const pairs = fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(fc.string(), fc.integer().map(String))));
    fc.assert(
      fc.property(pairs, (entries) => {
        const found = readLogOptions(new URLSearchParams(entries));
        if (typeof found === 'string') return;
        assert.ok(found.tailLines === undefined || (Number.isInteger(found.tailLines) && found.tailLines >= 0));
        assert.ok(found.limitBytes === undefined || found.limitBytes >= 1);
        assert.ok(found.since === undefined || !Number.isNaN(found.since));
      }),
      { numRuns: 2000 },
    );
  });
});

it('a line of a log is read, or is none, whatever its bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.string({ unit: fc.constantFrom(' ', 'F', 'P', '\n', 'stdout') }).map((t) => Buffer.from(t)),
  );
  fc.assert(
    fc.property(bytes, (line) => {
      const found = parseLogLine(line);
      if (found) assert.ok(found.text.length < line.length && ['stdout', 'stderr'].includes(found.stream));
    }),
    { numRuns: 3000 },
  );
});

describe('GET /containerLogs', () => {
  it('answers as a kubelet', async () => {
    await using api = await openFakeApi();
    const path = join(api.folder, '0.log');
    await writeFile(path, LINES);
    runtime.logPath = path;
    const get = async (address: string) => {
      const { status, body } = await api.curl(`/containerLogs/default/${address}`);
      return [status, body];
    };
    assert.deepEqual(await get('counters/counter?tailLines=2'), [200, 'ee\n\n']);
    assert.deepEqual(await get('none/counter'), [404, 'pod "none" does not exist']);
    assert.deepEqual(await get('counters/none'), [404, 'container "none" not found in pod "counters"']);
    assert.deepEqual(await get('counters/counter?tailLines=x'), [400, '{"message":"Unable to decode query."}']);
    assert.deepEqual(await get('counters/counter?tailLines=-1'), [422, '{"message":"Invalid request."}']);
    assert.deepEqual(await get('counters/ended'), [200, 'one\ntwo\nthrbetween\nee\n\n']);
    const none = 'previous terminated container "ended" in pod "counters" not found';
    assert.deepEqual(await get('counters/ended?previous=true'), [400, none]);
    runtime.logPath = join(api.folder, 'gone.log');
    const gone = [200, 'unable to retrieve container logs for fake://c-ended'];
    assert.deepEqual(await get('counters/ended'), gone);
  });
});
