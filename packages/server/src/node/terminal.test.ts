/** A shell in a copy: only the page itself reaches it, only in a copy, and nobody gets more than they take. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { TerminalNews, TerminalWish } from '../contract/index.ts';
import type { AtDesk } from '../desk.fixture.ts';
import { atNode } from './node.fixture.ts';

const PATH = '/api/desk/terminal';
const COPY = 'container=c4&columns=80&rows=24';

interface Opened {
  readonly socket: WebSocket;
  /** Everything that was written, and what was told. */
  text(): string;
  readonly news: TerminalNews[];
  bytes(): number;
  say(wish: TerminalWish | object): void;
}

/** `headers`: in place of those of the page. */
async function open(
  { port, cookie }: AtDesk & { cookie: string },
  asked: string,
  headers: Record<string, string> = { origin: `http://127.0.0.1:${port}`, cookie },
  path = PATH,
): Promise<Opened> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${asked}`, { headers });
  const parts: Buffer[] = [];
  const news: TerminalNews[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) parts.push(data);
    else news.push(JSON.parse(data.toString()) as TerminalNews);
  });
  await once(socket, 'open');
  return {
    ...{ socket, news },
    text: () => Buffer.concat(parts).toString(),
    bytes: () => parts.reduce((sum, { length }) => sum + length, 0),
    say: (wish) => socket.send(JSON.stringify(wish)),
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !holds(); await delay(5))
    assert.ok(Date.now() < deadline, `${what} is waited for in vain`);
}

test('what is typed goes to the shell, what it writes comes back, and how it ended is told', () =>
  atNode(async ({ desk, done }) => {
    const shell = await open(desk, COPY);
    await until('the shell', () => shell.news.length === 1);
    assert.deepEqual(shell.news, [{ kind: 'opened' }]);
    shell.socket.send(Buffer.from('ls\r'));
    await until('an answer', () => shell.text() === '[ls\r]');
    shell.say({ kind: 'size', columns: 132, rows: 24 });
    // What is no size, and no wish at all, changes nothing.
    shell.say({ kind: 'size', columns: -1, rows: 24 });
    shell.say({ kind: 'size', columns: 'x' });
    shell.socket.send('{"kind":');
    shell.socket.send('null');
    shell.socket.send(Buffer.from('exit\r'));
    await once(shell.socket, 'close');
    assert.deepEqual(shell.news[1], { kind: 'ended', message: 'it ended with code 3' });
    assert.deepEqual(done, ['terminal c4 80x24', 'size 132x24', 'closed']);
  }));

test('another page, one that does not say which it is, and one without a session are refused before anything is opened', () =>
  atNode(async ({ desk, done }) => {
    const { port, cookie } = desk;
    const origin = `http://127.0.0.1:${port}`;
    const strangers: readonly (readonly [Record<string, string>, number])[] = [
      [{ cookie }, 403],
      [{ cookie, origin: 'http://evil.example' }, 403],
      [{ cookie, origin: 'null' }, 403],
      [{ cookie, origin: `http://127.0.0.1:${port + 1}` }, 403],
      [{ cookie, origin, host: `evil.example:${port}` }, 403],
      [{ cookie, origin, 'sec-fetch-site': 'cross-site' }, 403],
      [{ origin }, 401],
      [{ origin, cookie: `${cookie}x` }, 401],
    ];
    for (const [headers, status] of strangers)
      await assert.rejects(open(desk, COPY, headers), new RegExp(`response: ${status}`), JSON.stringify(headers));
    await assert.rejects(open(desk, COPY, { origin, cookie }, '/api/desk/node'), /response: 404/);
    assert.deepEqual(done, []);
  }));

test('an original is never typed into, nor what has ended or is not there', () =>
  atNode(async ({ desk, done }) => {
    const refused: readonly (readonly [string, string])[] = [
      ['container=c1&columns=80&rows=24', 'ERR_DESK_NOT_A_COPY'],
      ['container=c5&columns=80&rows=24', 'ERR_DESK_NOT_RUNNING'],
      ['container=c9&columns=80&rows=24', 'ERR_DESK_NOT_FOUND'],
      ['container=../c4&columns=80&rows=24', 'ERR_DESK_QUESTION'],
      ['container=c4&columns=0&rows=24', 'ERR_DESK_QUESTION'],
      ['container=c4&columns=80&rows=99999', 'ERR_DESK_QUESTION'],
    ];
    for (const [asked, code] of refused) {
      const { socket, news } = await open(desk, asked);
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
      assert.deepEqual(
        news.map((each) => [each.kind, each.kind === 'refused' && each.code]),
        [['refused', code]],
        asked,
      );
    }
    assert.deepEqual(done, []);
  }));

test('a shell that floods is held back until the page has taken what it was sent', () =>
  atNode(async ({ desk, done }) => {
    const shell = await open(desk, COPY);
    shell.socket.send(Buffer.from('flood\r'));
    await until('the first of it', () => shell.bytes() >= 240 << 10);
    await delay(100);
    assert.ok(shell.bytes() <= 256 << 10, `${shell.bytes()} bytes came`);
    assert.ok(done.filter((each) => each === '64 KiB').length < 16, 'the shell went on');
    for (let taken = 0; taken < 4 << 20; ) {
      const more = shell.bytes() - taken;
      if (more > 0) shell.say({ kind: 'taken', bytes: more });
      taken += more;
      await delay(1);
    }
    assert.equal(done.filter((each) => each === '64 KiB').length, 64);
    shell.socket.terminate();
    await until('the end of the shell', () => done.includes('closed'));
  }));

test('a page that goes ends its shell also where the shell reads nothing of what was pasted', () =>
  atNode(async ({ desk, done }) => {
    const shell = await open(desk, COPY);
    shell.socket.send(Buffer.from('sleep\r'));
    for (let sent = 0; sent < 1 << 20; sent += 16 << 10) shell.socket.send(Buffer.alloc(16 << 10, 'x'));
    await until('all of it', () => shell.socket.bufferedAmount === 0);
    shell.socket.close();
    await until('the end of the shell', () => done.includes('closed'));
  }));

test('more than a page pastes ends a shell that reads nothing', () =>
  atNode(async ({ desk, done }) => {
    const shell = await open(desk, COPY);
    shell.socket.send(Buffer.from('sleep\r'));
    for (let sent = 0; sent < 6 << 20; sent += 16 << 10) shell.socket.send(Buffer.alloc(16 << 10, 'x'));
    await once(shell.socket, 'close');
    const [, refused] = shell.news;
    assert.equal(refused?.kind === 'refused' && refused.code, 'ERR_DESK_TOO_LARGE');
    await until('the end of the shell', () => done.includes('closed'));
  }));

test('a page that goes ends its shell, and four are there at once at most', () =>
  atNode(async ({ desk, done }) => {
    const shells = await Promise.all(Array.from({ length: 4 }, () => open(desk, COPY)));
    await until('four shells', () => shells.every(({ news }) => news.length === 1));
    const fifth = await open(desk, COPY);
    await until('a refusal', () => fifth.news.length === 1);
    assert.equal(fifth.news[0]?.kind === 'refused' && fifth.news[0].code, 'ERR_DESK_BUSY');
    shells[0]?.socket.terminate();
    await until('the end of one', () => done.includes('closed'));
    const next = await open(desk, COPY);
    await until('another', () => next.news.length === 1);
    assert.deepEqual(next.news, [{ kind: 'opened' }]);
    // The desk ends with four of them open, which this test would wait for.
  }));
