/** The daemon may die at any moment; containers and captures must not notice. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { counterCommand, counterEnvironment, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const COUNTER = 'default/counters/counter';

describe('a node that is killed', { skip }, () => {
  let lab: Lab;
  let log: string;
  let endpoints: Endpoints;
  before(async () => {
    lab = await openLab();
    endpoints = lab.endpoints;
    log = await lab.run(COUNTER, counterCommand[2] ?? '', ['--env', counterEnvironment]);
  });
  after(() => lab[Symbol.asyncDispose]());

  const goesOn = async () => {
    const reached = (await numbersIn(log)).length;
    const numbers = await waitForNumbers(log, reached, 2, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
  };
  const startAgain = async () => {
    endpoints = await lab.stillframe.up<Endpoints>(0);
    const { pods } = await lab.stillframe.json<{ pods: { containers: { state: string }[] }[] }>(['pods']);
    assert.equal(pods[0]?.containers[0]?.state, 'running');
  };

  test('adopts its running containers at the next start and can checkpoint them', async () => {
    process.kill(endpoints.pid, 'SIGKILL');
    await goesOn();
    await startAgain();
    const { archive } = await lab.stillframe.json<{ archive: string }>(['checkpoint', COUNTER]);
    assert.match(archive, /\.tar$/);
  });

  for (const moment of [30, 90, 150, 220]) {
    test(`${moment} ms into a checkpoint leaves the container running and no half archive`, async () => {
      const names = async () => (await readdir(endpoints.checkpoints)).sort();
      const whole = await names();
      const asked = lab.stillframe.json(['checkpoint', COUNTER]).catch(() => undefined);
      await workBegins(endpoints.checkpoints, whole);
      await delay(moment);
      process.kill(endpoints.pid, 'SIGKILL');
      await asked;
      await startAgain();
      await goesOn();
      const now = await names();
      assert.deepEqual(
        now.filter((name) => name.startsWith('.')),
        [],
        'work folders are swept',
      );
      for (const name of now.filter((entry) => !whole.includes(entry) && entry.endsWith('.tar'))) {
        await lab.stillframe.read(['inspect', `${endpoints.checkpoints}/${name}`]);
      }
    });
  }
});

/** Waits until the capture has made its work folder. */
async function workBegins(folder: string, before: readonly string[]): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(5)) {
    if ((await readdir(folder)).some((name) => !before.includes(name))) return;
  }
  assert.fail('no capture began');
}
