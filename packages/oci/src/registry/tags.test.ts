/** The tags of a repository, over pages, from registries that mean well and others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { json, registryThat } from './fake.suite.ts';

describe('the tags of a repository', () => {
  it('come from all pages, each once', async () => {
    const pages: Record<string, string[]> = { '': ['a', 'b'], b: ['b', 'c'], c: ['d', '-no tag-', 'e'] };
    await using registry = await registryThat((request, response) => {
      const last = new URL(request.url ?? '', 'http://localhost').searchParams.get('last') ?? '';
      const next = { '': 'b', b: 'c' }[last];
      const link: Record<string, string> = next ? { link: `</v2/a/b/tags/list?n=1000&last=${next}>; rel="next"` } : {};
      json(response, 200, { name: 'a/b', tags: pages[last] }, link);
    });
    assert.deepEqual(await registry.store.tags(), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(registry.seen.length, 3);
  });

  it('are none where the repository is not there, or has lost them all', async () => {
    for (const [status, body] of [
      [404, { errors: [{ code: 'NAME_UNKNOWN', message: 'no such repository' }] }],
      [200, { name: 'a/b', tags: null }],
    ] as const) {
      await using registry = await registryThat((_request, response) => json(response, status, body));
      assert.deepEqual(await registry.store.tags(), []);
    }
  });

  it('of a registry that goes in circles, or says no list, are an error', async () => {
    await using circle = await registryThat((_request, response) =>
      json(response, 200, { tags: ['a'] }, { link: '</v2/a/b/tags/list?last=a>; rel="next"' }),
    );
    await assert.rejects(circle.store.tags(), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
    await using wrong = await registryThat((_request, response) => json(response, 200, { tags: 'a' }));
    await assert.rejects(wrong.store.tags(), { code: 'ERR_OCI_DOCUMENT_INVALID' });
  });
});
