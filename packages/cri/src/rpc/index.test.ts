import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImageService, RuntimeService } from '../proto.ts';
import { imageRpcs, runtimeRpcs } from './index.ts';

test('every file that exports an RPC is in the table of its service, under the method’s own name', async () => {
  const here = import.meta.dirname;
  const found: Record<'RuntimeRpc' | 'ImageRpc', string[]> = { RuntimeRpc: [], ImageRpc: [] };
  for (const name of await readdir(here)) {
    const text = await readFile(join(here, name), 'utf8');
    const [, rpc, kind, method] = /^export const (\w+): (RuntimeRpc|ImageRpc)<'(\w+)'>/m.exec(text) ?? [];
    if (rpc === undefined || method === undefined) continue;
    assert.equal(rpc, method, name);
    assert.equal(`${method.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`, name);
    found[kind === 'ImageRpc' ? 'ImageRpc' : 'RuntimeRpc'].push(method);
  }
  const absent = (rpcs: object, names: string[]) => names.filter((name) => !(name in rpcs));
  const unlisted = [...absent(runtimeRpcs, found.RuntimeRpc), ...absent(imageRpcs, found.ImageRpc)];
  assert.deepEqual(unlisted, [], 'answered UNIMPLEMENTED: name it in runtimeRpcs or imageRpcs of rpc/index.ts');
  assert.deepEqual(Object.keys(runtimeRpcs).sort(), found.RuntimeRpc.sort());
  assert.deepEqual(Object.keys(imageRpcs).sort(), found.ImageRpc.sort());
});

test('the tables name methods that the services have', () => {
  for (const name of Object.keys(runtimeRpcs)) assert.ok(name in RuntimeService.method, name);
  for (const name of Object.keys(imageRpcs)) assert.ok(name in ImageService.method, name);
});
