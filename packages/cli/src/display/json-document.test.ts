import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonDocument } from './json-document.ts';

async function written(use: (document: JsonDocument) => Promise<void>): Promise<unknown> {
  let text = '';
  const document = new JsonDocument('Thing', 3, async (data) => {
    text += data;
  });
  await use(document);
  assert.doesNotMatch(text, /[\u202e\x9b]/);
  assert.ok(text.endsWith('}\n'));
  return JSON.parse(text);
}

test('lists of any length, empty ones too, and what is known at the end make one document', async () => {
  const head = { kind: 'Thing', schemaVersion: 3 };
  assert.deepEqual(await written((document) => document.end({})), head);
  assert.deepEqual(
    await written(async (document) => {
      document.list('none');
      document.list('some');
      await document.item({ text: '\u202e\x9b', large: 2n ** 60n });
      await document.item({});
      document.list('last');
      await document.end({ diagnostics: [1] });
    }),
    { ...head, none: [], some: [{ text: '\u202e\x9b', large: '1152921504606846976' }, {}], last: [], diagnostics: [1] },
  );
});
