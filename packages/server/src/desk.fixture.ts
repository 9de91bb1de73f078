/** A desk over a real archive and a page of two files, asked over real connections as a stranger could. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { DeskExport } from './case.ts';
import { startDesk } from './desk.ts';
import type { LiveNode } from './node/live-node.ts';
import type { StartYara } from './yara.ts';

/** Of five processes. */
export const FIXTURE = fileURLToPath(new URL('../../checkpoint/fixtures/podman-redis.tar', import.meta.url));

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Given {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json(): Record<string, unknown>;
}

export interface AtDesk {
  port: number;
  token: string;
  ask(path: string, asked?: Asked): Promise<Given>;
  /** With the session of whoever has the token. */
  enter(): Promise<(path: string, asked?: Asked) => Promise<Given>>;
  /** Of that session, once somebody entered. */
  cookie: string;
}

const note: DeskExport = {
  ...{ name: 'note', title: 'Note', about: 'a line', command: 'stillframe note', ending: 'note.txt' },
  make: async () => 'noted\n',
};

/** `node`: a running one beside the checkpoint; `name`: of that. */
export async function atDesk(
  use: (desk: AtDesk) => Promise<void>,
  { node, startYara, name = 'podman-redis.tar' }: { node?: LiveNode; startYara?: StartYara; name?: string } = {},
): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const page = join(folder.path, 'page');
  await mkdir(page);
  await writeFile(join(folder.path, 'secret.css'), 'outside');
  await writeFile(join(page, 'index.html'), '<!doctype html><head></head>');
  await writeFile(join(page, 'main.ts'), "import { h } from 'library';\nexport const x: number = 1;\n");
  await writeFile(join(folder.path, 'library.mjs'), 'export const h = 1;');
  await using checkpoint = await openCheckpoint(FIXTURE);
  await using started = await startDesk({
    cases: [{ name, checkpoint, exports: [note] }],
    page: {
      folder: `${pathToFileURL(page)}/`,
      libraries: { library: String(pathToFileURL(join(folder.path, 'library.mjs'))) },
    },
    ...{ node, startYara },
    version: '1.2.3',
  });
  const { port } = started;
  const token = new URL(started.address).hash.slice('#token='.length);
  const origin = `http://127.0.0.1:${port}`;
  const ask = (path: string, asked: Asked = {}) => send(port, path, asked);
  const enter = async () => {
    const entered = await ask('/api/enter', { method: 'POST', headers: { origin }, body: token });
    assert.equal(entered.status, 200);
    const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
    desk.cookie = cookie;
    return (path: string, { headers = {}, ...asked }: Asked = {}) =>
      ask(path, { ...asked, headers: { cookie, ...headers } });
  };
  const desk: AtDesk = { port, token, ask, enter, cookie: '' };
  await use(desk);
}

/** As it is given: clients that mend paths and names would hide what is tested. Each by a connection of its own. */
function send(port: number, path: string, { method = 'GET', headers = {}, body }: Asked): Promise<Given> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
