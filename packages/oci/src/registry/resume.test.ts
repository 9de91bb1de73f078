/** Uploads that an earlier process left, at registries that know them, know them otherwise, or not at all. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { collect, describeBytes } from '../content.suite.ts';
import { json, registryThat } from './fake.suite.ts';
import type { UploadLedger, UploadPlace } from './upload-ledger.ts';

const bytes = randomBytes(1000);
const descriptor = describeBytes(bytes);
const PART = 250;

function ledgerWith(left: UploadPlace | undefined) {
  const kept: number[] = [];
  const ledger: UploadLedger = {
    open: async () => ({
      left,
      keep: async ({ offset }) => void kept.push(offset),
      forget: async () => void kept.push(-1),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  return { ledger, kept };
}

type Answers = Partial<
  Record<'POST' | 'GET' | 'PATCH' | 'PUT', (response: ServerResponse, request: IncomingMessage) => void>
>;

/** Pushes to a registry with sessions `/new` and `/old`; the requests, what was noted, and the bytes that each session got. */
async function push(answers: Answers, offset: number, url?: string) {
  const got: Record<string, Buffer> = { '/new': Buffer.alloc(0), '/old': bytes.subarray(0, offset) };
  const { ledger, kept } = ledgerWith({ url: url ?? '', offset });
  await using registry = await registryThat(
    async (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x');
      const body = Buffer.from(await collect(request));
      const own = answers[request.method as keyof Answers];
      if (request.method === 'HEAD') response.writeHead(404).end();
      else if (own && (request.method !== 'PUT' || pathname === '/old')) own(response, request);
      else if (request.method === 'POST') response.writeHead(202, { location: '/new' }).end();
      else if (request.method === 'GET')
        response.writeHead(204, { range: `0-${(got[pathname]?.length ?? 1) - 1}` }).end();
      else {
        got[pathname] = Buffer.concat([got[pathname] ?? Buffer.alloc(0), body]);
        response.writeHead(request.method === 'PATCH' ? 202 : 201, { location: pathname }).end();
      }
    },
    { partSize: PART, uploads: ledger },
  );
  const left = ledgerWith({ url: url ?? `http://${registry.address}/old`, offset });
  ledger.open = left.ledger.open;
  let failure: unknown;
  await registry.store.push(descriptor, bytesSource(bytes)).catch((error: unknown) => {
    failure = error;
  });
  const methods = registry.seen.map(({ method, url: path }) => `${method} ${path?.split('?')[0]}`).slice(1);
  return { methods, kept: [...left.kept, ...kept], got, failure };
}

describe('an upload that an earlier process left', () => {
  it('is finished with the rest', async () => {
    const { methods, kept, got } = await push({}, 500);
    assert.deepEqual(methods, ['GET /old', 'PATCH /old', 'PATCH /old', 'PUT /old']);
    assert.deepEqual(kept, [500, 750, 1000, -1]);
    assert.ok(got['/old']?.equals(bytes));
  });

  const anew = ['POST /v2/a/b/blobs/uploads/', ...Array(4).fill('PATCH /new'), 'PUT /new'];
  for (const [what, status] of [
    ['does not know it any more', 404],
    ['refuses to say how it stands', 403],
    ['has no such question', 405],
    ['gives it up', 416],
  ] as const) {
    it(`begins anew at a registry that ${what}`, async () => {
      const { methods, got, failure } = await push({ GET: (response) => json(response, status, {}) }, 500);
      assert.equal(failure, undefined);
      assert.deepEqual(methods, ['GET /old', ...anew]);
      assert.ok(got['/new']?.equals(bytes));
    });
  }

  it('begins anew, once, where the session holds something else', async () => {
    const wrong = (response: ServerResponse) => json(response, 400, { errors: [{ code: 'DIGEST_INVALID' }] });
    const { methods, failure } = await push({ PUT: wrong }, 500);
    assert.equal(failure, undefined);
    assert.deepEqual(methods.slice(3), ['PUT /old', ...anew]);
  });

  it('begins anew where the registry claims more than can have been sent, or nothing', async () => {
    for (const range of ['0-999', '0-0', '7-9', 'x']) {
      const { methods, failure } = await push({ GET: (response) => response.writeHead(204, { range }).end() }, 250);
      assert.equal(failure, undefined);
      assert.deepEqual(methods, ['GET /old', ...anew], range);
    }
  });

  it('is not asked for at a place that is none', async () => {
    for (const place of ['no URL', 'file:///etc/passwd']) {
      const { methods } = await push({}, 500, place);
      assert.deepEqual(methods, anew);
    }
  });
});

describe('a registry that takes no parts', () => {
  it('gets the blob whole', async () => {
    const { methods, failure } = await push({ PATCH: (response) => response.writeHead(405).end() }, 0, 'none');
    assert.equal(failure, undefined);
    const begin = 'POST /v2/a/b/blobs/uploads/';
    assert.deepEqual(methods, [begin, 'PATCH /new', begin, 'PUT /new']);
  });
});
