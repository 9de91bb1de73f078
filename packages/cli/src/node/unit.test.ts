/** The systemd unit that `stillframe node unit` prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';

const PROGRAM = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
const printed = () => spawnSync(process.execPath, [PROGRAM, 'node', 'unit'], { encoding: 'utf8' }).stdout;

/** What the program says, line by line; systemd's own verdict on a file is in words, its exit code is not. */
async function verify(unit: string): Promise<string> {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'stillframe.service');
  await writeFile(path, unit);
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8', timeout: 60_000 });
  return stdout + stderr;
}

test('starts the program that printed it, in the foreground, and leaves its containers alone', () => {
  const unit = printed();
  const line = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];
  assert.equal(line('ExecStart'), `${process.execPath} ${PROGRAM} node up --foreground`);
  for (const path of line('ExecStart')?.split(' ').slice(0, 2) ?? []) assert.ok(existsSync(path), path);
  assert.doesNotMatch(unit, /@\w+@/, 'no place is left open');
  assert.equal(line('KillMode'), 'process');
  assert.equal(line('Delegate'), 'yes');
  // Default stopTimeout of the configuration, twice, and time for work that is never cut off.
  assert.ok(Number(line('TimeoutStopSec')) >= 120);
});

test('systemd has nothing to say against it', needs('systemd-analyze'), async () => {
  assert.equal(await verify(printed()), '');
  assert.match(await verify(printed().replace('KillMode=', 'KilMode=')), /KilMode/, 'it does look');
});
