import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { attributesOf } from '../access/attributes.ts';
import { matchRoute, routesOf } from './index.ts';

const ROUTES = routesOf({ containerCheckpoint: true });
const WORDS = [
  'checkpoint',
  'pods',
  'exec',
  'run',
  'healthz',
  'portForward',
  'a',
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
];

describe('the routes', () => {
  it('are found whatever names stand in the path, and give those names', () => {
    const name = fc.string({ unit: codePoint, minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(name, name, name, (namespace, pod, container) => {
        const path = ['', 'checkpoint', ...[namespace, pod, container].map(encodeURIComponent)].join('/');
        assert.deepEqual(matchRoute(ROUTES, path)?.params, { namespace, pod, container });
      }),
    );
  });

  it('are one for a path, or none, or the path is malformed', () => {
    const path = fc
      .array(fc.oneof(fc.constantFrom(...WORDS), fc.string()), { maxLength: 6 })
      .map((all) => `/${all.join('/')}`);
    fc.assert(
      fc.property(path, (text) => {
        try {
          const found = matchRoute(ROUTES, text);
          if (!found) return;
          const segments = text.slice(1).split('/').map(decodeURIComponent);
          assert.equal(segments.length, found.route.path.length);
          for (const [index, wanted] of found.route.path.entries()) {
            const segment = segments[index];
            assert.equal(wanted.startsWith(':') ? found.params[wanted.slice(1)] : wanted, segment);
          }
        } catch (error) {
          assert.ok(error instanceof URIError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('stand in docs/kubelet-api.md, each with its methods and the rights that allow it', async () => {
    const page = await readFile(new URL('../../../../docs/kubelet-api.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `/'));
    const missing = ROUTES.filter(({ path: [first = ''], methods, onPod }) => {
      const rights = methods.flatMap((method) =>
        attributesOf(method, first).subresources.map((name) => `nodes/${name}`),
      );
      const wanted = [...methods, ...(onPod ? [`pods/${onPod}`] : []), ...rights];
      return !rows.some(
        (row) => new RegExp(`\`/${first}[/\`?]`).test(row) && wanted.every((word) => row.includes(word)),
      );
    });
    assert.deepEqual(
      missing.map(({ methods, path }) => `${methods.join(', ')} /${path.join('/')}`),
      [],
      'add it to the table of routes there; access/attributes.ts says which rights it takes',
    );
  });

  it('are without the one for checkpoints where its gate is off', () => {
    const fewer = routesOf({ containerCheckpoint: false });
    assert.equal(matchRoute(fewer, '/checkpoint/a/b/c'), undefined);
    assert.ok(matchRoute(fewer, '/pods'));
  });

  it('take what is hidden by escapes for what it says', () => {
    assert.equal(matchRoute(ROUTES, '/%63heckpoint/a/b/c')?.route.path[0], 'checkpoint');
    assert.equal(matchRoute(ROUTES, '/checkpoint%2Fa/b/c'), undefined);
    assert.equal(matchRoute(ROUTES, 'https://host/pods'), undefined);
    assert.equal(matchRoute(ROUTES, '*'), undefined);
  });
});
