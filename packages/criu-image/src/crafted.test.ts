/** Images of kinds that no machine of ours can make (fixtures/crafted): read, written again, and equal to what crit reads. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesSource } from '@stillframe/core';
import { imageToJson } from './crit/index.ts';
import { decodeImage } from './decode.ts';
import { encodeImage } from './encode.ts';
import { openImageSet } from './image-set.ts';
import { kindOfFile } from './kinds.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/crafted/', import.meta.url));
const names = (await readdir(FOLDER)).filter((name) => kindOfFile(name));
const bytesOf = async (name: string) => new Uint8Array(await readFile(`${FOLDER}${name}`));
const fail = ({ message }: { message: string }) => assert.fail(message);

test('every one that has messages is decoded whole and encoded to the same bytes', async () => {
  for (const name of names) {
    const { kind } = kindOfFile(name) ?? assert.fail(name);
    if (kind.form !== 'framed') continue;
    const bytes = await bytesOf(name);
    const entries = decodeImage(kind, bytesSource(bytes), fail);
    assert.deepEqual(Buffer.concat(await Array.fromAsync(encodeImage(kind, entries))), Buffer.from(bytes), name);
  }
});

test('every one that crit can read is the same JSON here', async () => {
  const read = names.filter((name) => !/^(binfmt-misc|netns-)/.test(name));
  const said = await readdir(FOLDER);
  const unread = read.filter((name) => !said.includes(`${name}.crit.txt`));
  assert.deepEqual(unread, [], 'lay what `crit decode --pretty` makes of it beside it, as NAME.crit.txt');
  assert.equal(read.length, 8);
  for (const name of read) {
    const json = await Array.fromAsync(imageToJson(bytesSource(await bytesOf(name)), fail, { pretty: true }));
    assert.equal(`${json.join('')}\n`, await readFile(`${FOLDER}${name}.crit.txt`, 'utf8'), name);
  }
});

test('a set of them all holds what was put into each', async () => {
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await bytesOf(name));
  const open = (name: string) => {
    const bytes = files.get(name);
    return bytes && bytesSource(bytes);
  };
  const set = openImageSet({ names: () => files.keys(), open });
  assert.equal((await set.single('userns', 13))?.uidMap[0]?.lowerFirst, 100_000);
  assert.equal((await set.single('pidns', 4))?.extKey, 'extRootPidNS');
  assert.equal((await set.single('apparmor'))?.namespaces[0]?.namespaces[0]?.policies[0]?.name, 'deny-all');
  assert.equal((await set.single('autofs', 17))?.readFd, -1);
  const handlers = await Array.fromAsync(set.entries('binfmt-misc'));
  assert.deepEqual(
    handlers.map(({ name, enabled }) => [name, enabled]),
    [
      ['qemu-aarch64', true],
      ['java', false],
    ],
  );
  assert.equal((await set.single('cpuinfo'))?.x86Entry[0]?.modelId, 'Intel(R) Xeon(R) Platinum');
  assert.equal((await set.single('stats-restore'))?.restore?.restoreTime, 81_234);
  assert.equal((await set.single('irmap-cache'))?.inode, 2n ** 64n - 59n);
  for await (const { message, payload } of set.records('bpfmap-data')) {
    assert.equal(message.count, 2);
    assert.equal(
      Object.values(payload).reduce((sum, source) => sum + source.size, 0),
      24,
    );
  }
  assert.equal(set.source('netns-ct', 10)?.size, 184);
  assert.equal(set.source('netns-exp', 10)?.size, 204);
  assert.deepEqual(set.diagnostics.list, []);
});
