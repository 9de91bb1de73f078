import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { LogFields } from '@stillframe/core';
import { inFolder } from '../checkpoints/desk.fixture.ts';
import { NodeRetention } from './retention.ts';

test('a node removes by its rules whenever it looks, and tells once what it cannot', () =>
  inFolder(async (folder) => {
    const [newest, pinned, oldest] = await Promise.all([1, 2, 3].map((hours) => folder.archive(hours)));
    await writeFile(folder.at(`${pinned}.keep`), '');
    const logged: [string, LogFields][] = [];
    const removed: unknown[] = [];
    const logger = { log: (_level: string, message: string, fields: LogFields = {}) => logged.push([message, fields]) };
    const place = { folder: folder.path, operations: folder.at('.none') };
    const retention = new NodeRetention(place, { rules: [{ per: 'pod', keep: 1 }] }, logger, (...each) =>
      removed.push(each),
    );
    const deadline = Date.now() + 60_000;
    for (let more = 3; more > 0; more -= removed.length > 0 || Date.now() > deadline ? 1 : 0) {
      retention.soon();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await retention[Symbol.asyncDispose]();
    assert.deepEqual(removed, [['keep', 1536]]);
    assert.deepEqual(
      logged.map(([message, { path, because }]) => [message, path ?? because]),
      [
        ['checkpoint removed', folder.at(oldest ?? '')],
        ['keep 1 is not met (2 stay): 1 pinned, in use or without a time', [pinned]],
      ],
    );
    assert.ok((await folder.names()).includes(newest ?? ''));
  }));

test('a folder that cannot be read is logged, and the node goes on', async () => {
  const logged: string[] = [];
  const logger = { log: (_level: string, message: string) => logged.push(message) };
  const place = { folder: '/nonexistent/checkpoints', operations: '/nonexistent' };
  const retention = new NodeRetention(place, { rules: [{ per: 'all', keep: 1 }] }, logger, () => undefined);
  retention.soon();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await retention[Symbol.asyncDispose]();
  assert.deepEqual(logged, ['retention of checkpoints failed']);
});
