/** Who is refused at the desk, over real connections: other names, other pages, no token or a used one, paths outside. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { atDesk } from './desk.fixture.ts';
import { startDesk } from './desk.ts';
import { deskError } from './errors.ts';

test('the token opens the desk once; what is asked without a session, or with a stranger’s, is refused', () =>
  atDesk(async ({ port, token, ask, enter }) => {
    const origin = `http://127.0.0.1:${port}`;
    assert.equal((await ask('/api/0/overview')).json()['code'], 'ERR_DESK_TOKEN');
    const wrong = await ask('/api/enter', { method: 'POST', headers: { origin }, body: `${token}x` });
    assert.deepEqual([wrong.status, wrong.json()['code']], [401, 'ERR_DESK_TOKEN']);
    const mine = await enter();
    const overview = await mine('/api/0/overview');
    assert.equal(overview.status, 200);
    assert.equal((overview.json()['archive'] as { name: string }).name, 'podman-redis.tar');
    const stale = await ask('/api/enter', { method: 'POST', headers: { origin }, body: token });
    assert.deepEqual([stale.status, stale.json()['code']], [401, 'ERR_DESK_TOKEN']);
    assert.match(String(stale.json()['message']), /used before/);
    const forged = await ask('/api/0/overview', { headers: { cookie: `stillframe-desk-${port}=${'a'.repeat(43)}` } });
    assert.equal(forged.status, 401);
  }));

test('however many connections are held open by who has no session, the page is answered', () =>
  atDesk(async ({ port, enter }) => {
    const mine = await enter();
    const held: Socket[] = [];
    try {
      for (let at = 0; at < 200; at += 1) {
        const socket = connect(port, '127.0.0.1');
        held.push(socket);
        await new Promise((resolve, reject) => socket.on('error', reject).once('connect', resolve));
        socket.removeAllListeners('error').on('error', () => undefined);
      }
      assert.equal((await mine('/api/0/overview')).status, 200);
    } finally {
      for (const socket of held) socket.destroy();
    }
  }));

test('another origin, and a name that only leads here, are refused though they bring the session', () =>
  atDesk(async ({ port, ask, enter }) => {
    const mine = await enter();
    const refused: readonly Record<string, string>[] = [
      { host: `evil.example:${port}` },
      { host: '127.0.0.1' },
      { origin: 'http://evil.example' },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of refused) {
      const answer = await mine('/api/0/overview', { headers });
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.match(String(answer.json()['code']), /^ERR_DESK_(?:HOST|ORIGIN)$/);
    }
    assert.equal((await mine('/api/0/overview', { headers: { host: `localhost:${port}` } })).status, 200);
    const unsaid = await ask('/api/enter', { method: 'POST', body: 'x' });
    assert.deepEqual([unsaid.status, unsaid.json()['code']], [403, 'ERR_DESK_ORIGIN']);
  }));

test('no path leads out of the page or to what the desk does not have', () =>
  atDesk(async ({ ask, enter }) => {
    const mine = await enter();
    const paths = [
      '/page/../secret.css',
      '/page/%2e%2e/secret.css',
      '/page//main.ts',
      '/page/..%2fsecret.css',
      '/secret.css',
      '//etc/passwd',
      '/library/library/../secret.css',
      '/api/1/overview',
      '/api/0/constructor',
      '/api/0/../0/overview',
      '/api/0/nothing',
    ];
    for (const path of paths) assert.equal((await mine(path)).status, 404, path);
    assert.equal((await ask('/page/main.ts')).status, 200);
  }));

test('the page comes without types, its libraries under their own paths, and a policy that loads nothing else', () =>
  atDesk(async ({ ask }) => {
    const module = await ask('/page/main.ts');
    assert.match(module.text, /from '\/library\/library\/library\.mjs'/);
    assert.doesNotMatch(module.text, /: number/);
    assert.match(String(module.headers['content-type']), /^text\/javascript/);
    assert.equal((await ask('/library/library/library.mjs')).status, 200);
    // All that the first module leads to, so that a browser need not find it out by and by.
    const links = [...(await ask('/')).text.matchAll(/<link rel="modulepreload" href="([^"]*)">/g)];
    assert.deepEqual(
      links.map(([, href]) => href),
      ['/page/main.ts', '/library/library/library.mjs'],
    );
    const policy = String((await ask('/')).headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.match(policy, /frame-ancestors 'none'/);
  }));

test('questions that are none are refused, and too much of one is', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const bad = [
      '/api/0/process?pid=-1',
      '/api/0/process?pid=1e3',
      '/api/0/process',
      '/api/0/memory?pid=1&at=5&bytes=16',
      '/api/0/memory?pid=1&at=0x0&bytes=65537',
      '/api/0/memory?pid=1&at=0x10000000000000000&bytes=1',
      '/api/0/findings?memory=perhaps',
      '/api/0/timeline?from=1e3&to=5&sources=',
      '/api/0/timeline?from=9&to=5&sources=',
      '/api/0/timeline?from=&to=&sources=log,nothing',
      '/api/0/diff?other=0&sibling=auto&memory=false',
      `/api/0/search?pid=0&ignoreCase=true&as=text&what=${'a'.repeat(4097)}`,
    ];
    for (const path of bad) {
      const answer = await mine(path);
      assert.deepEqual([answer.status, answer.json()['code']], [400, 'ERR_DESK_QUESTION'], path);
    }
    assert.equal((await mine('/api/0/process?pid=99999')).status, 404);
    assert.equal((await mine('/api/0/diff?other=7&sibling=auto&memory=false')).status, 404);
    assert.equal((await mine('/api/0/export?name=report')).status, 404);
    assert.equal((await mine(`/${'a'.repeat(9000)}`)).status, 413);
    assert.equal((await mine('/api/0/overview', { method: 'DELETE' })).status, 405);
  }));

test('a search tells its matches line by line, and a pattern that is none in its last line', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const linesOf = async (query: string) =>
      (await mine(`/api/0/search?pid=0&ignoreCase=false&${query}`)).text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = await linesOf('as=text&what=redis');
    assert.equal(found.at(-1)?.['kind'], 'end');
    const matches = found.filter(({ kind }) => kind === 'match');
    assert.ok(matches.length > 10);
    const [first] = matches;
    const at = Number(first?.['contextOffset']);
    assert.equal(String(first?.['context']).slice(at, at + 5), 'redis');
    const broken = await linesOf('as=regex&what=(');
    assert.deepEqual(
      broken.map(({ kind, code }) => [kind, code]),
      [['failed', 'ERR_SEARCH_PATTERN_INVALID']],
    );
  }));

test('memory is answered at any address, with what each part of it is', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const maps = (await mine('/api/0/maps?pid=1')).json()['maps'] as {
      start: string;
      captured: number;
      density: string;
    }[];
    const held = maps.find(({ captured }) => captured > 0);
    assert.ok(held && /^[0-9]{1,64}$/.test(held.density) && /[1-9]/.test(held.density));
    const bytes = (await mine(`/api/0/memory?pid=1&at=${held.start}&bytes=4096`)).json();
    assert.equal(Buffer.from(String(bytes['base64']), 'base64').length, 4096);
    const end = (await mine('/api/0/memory?pid=1&at=0xfffffffffffffff0&bytes=4096')).json();
    assert.equal(Buffer.from(String(end['base64']), 'base64').length, 16);
    assert.equal(end['map'], null);
    const nothing = (await mine('/api/0/memory?pid=1&at=0x0&bytes=16')).json();
    assert.deepEqual(nothing['ranges'], [{ offset: 0, bytes: 16, state: 'unmapped' }]);
  }));

test('variables that look secret are shown only to who asks for them', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const of = async (reveal: boolean) =>
      ((await mine(`/api/0/environment?pid=1&reveal=${reveal}`)).json()['variables'] as { text: string }[]).map(
        ({ text }) => text,
      );
    const [hidden, shown] = [await of(false), await of(true)];
    assert.equal(hidden.length, shown.length);
    assert.ok(shown.length > 0);
    assert.ok(shown.every((text) => !text.includes('<redacted')));
  }));

test('a port that is taken is an error that says so', () =>
  atDesk(async ({ port }) => {
    const page = { folder: new URL('.', import.meta.url).href, libraries: {} };
    await assert.rejects(startDesk({ cases: [], page, version: '1', port }), { code: 'ERR_DESK_PORT' });
    assert.ok('ERR_DESK_PORT' in deskError.rows);
  }));

test('only what the checkpoint holds is previewed or saved, never as something that a browser opens', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const outside = [
      'rootfs:/etc/passwd',
      'rootfs:../../etc/passwd',
      'ghost:../1',
      'metadata:spec.dump',
      'memory:1',
      'rootfs:',
    ];
    for (const thing of outside) {
      const query = `thing=${encodeURIComponent(thing)}`;
      for (const name of ['preview', 'download'])
        assert.ok([400, 404].includes((await mine(`/api/0/${name}?${query}`)).status), `${name} ${thing}`);
    }
    const log = await mine('/api/0/download?thing=log');
    assert.equal(log.status, 200);
    assert.equal(log.headers['content-type'], 'application/octet-stream');
    assert.match(String(log.headers['content-disposition']), /^attachment; filename="[\w.-]+\.bin"$/);
  }));

test('the name of what is saved is no path, no option of a command, no device and not hidden', async () => {
  for (const [name, saved] of [
    ['web.tar', 'web.note.txt'],
    ['../..\u202e-rf "x".tar', '_.._-rf_x_.note.txt'],
    ['.-rf.tar', 'rf.note.txt'],
    ['con.tar.zst', '_con.note.txt'],
    ['NUL', '_NUL.note.txt'],
  ] as const)
    await atDesk(
      async ({ enter }) => {
        const { headers } = await (await enter())('/api/0/export?name=note');
        assert.equal(headers['content-disposition'], `attachment; filename="${saved}"`);
      },
      { name },
    );
});

test('what a finding points at in the archive is previewed: an entry, some bytes of it, an image as its entries, a mount', () =>
  atDesk(async ({ enter }) => {
    const mine = await enter();
    const ask = (name: string, thing: string) => mine(`/api/0/${name}?thing=${encodeURIComponent(thing)}`);
    const preview = async (thing: string) => {
      const { base64, ...rest } = (await ask('preview', thing)).json();
      return { ...rest, text: Buffer.from(String(base64), 'base64').toString() };
    };
    assert.match((await preview('entry/config.dump')).text, /^\{/);
    assert.deepEqual(await preview('entry/config.dump@0+1'), { name: 'config.dump', bytes: 1, text: '{' });
    const { magic, entries } = JSON.parse((await preview('image/files.img#0')).text);
    assert.deepEqual([magic, entries.length], ['FILES', 1]);
    const mount = await preview('mount/proc');
    assert.equal(JSON.parse(mount.text).mountpoint, '/proc');
    const raw = await ask('download', 'image/inventory.img');
    assert.match(String(raw.headers['content-disposition']), /"inventory\.img\.bin"$/);
    for (const [thing, status] of [
      ['entry/../../etc/passwd', 404],
      ['entry/', 400],
      ['entry/config.dump@9999999999999999+9999999999999999', 200],
      ['image/..%2F..%2Fetc%2Fpasswd', 404],
      ['image/nothing.img', 404],
      ['image/files.img#9999999999', 200],
      ['mount/nowhere', 404],
      ['mount/%', 400],
    ] as const)
      for (const name of ['preview', 'download'])
        assert.equal((await ask(name, thing)).status, status, `${name} ${thing}`);
  }));
