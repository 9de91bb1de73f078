/** What the desk saves is, byte for byte, what the commands give. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { atDesk } from '../desk.fixture.ts';
import type { Io } from '../io.ts';
import { deskExports } from './desk-exports.ts';

const CRIO = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('what the desk saves is what the commands give', () =>
  atDesk(async ({ run, work }) => {
    const path = join(work, 'web.tar');
    await cp(CRIO, path);
    await using checkpoint = await openCheckpoint(path);
    const { signal } = new AbortController();
    const offered = deskExports({ what: path, checkpoint, keys: [], demandSame: undefined }, ioOf(signal));
    assert.deepEqual(
      offered.map(({ name }) => name),
      ['report', 'sarif', 'stix', 'ocsf', 'case'],
    );
    for (const { name, command, make } of offered) {
      const words = command.replace('stillframe ', '').replace('report.html', '-').split(' ');
      const { code, stdout } = await run(...words);
      assert.equal(code, 0, name);
      assert.equal(await make(signal), stdout, name);
    }
  }));

/** That of nobody: what is saved goes to no stream of the command. */
function ioOf(signal: AbortSignal): Io {
  const none = () => assert.fail('nothing is written');
  return {
    ...{ out: none, err: none, write: none, input: () => Readable.from([]), env: {}, signal },
    ...{ colour: false, interactive: false, answering: false, width: 100 },
  };
}
