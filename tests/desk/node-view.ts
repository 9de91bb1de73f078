/** What a person does in the view of a running node: yes and no by mouse and keyboard, and what is refused. */
import assert from 'node:assert/strict';
import type { Desktop } from './browser.fixture.ts';
import type { Stage } from './node.fixture.ts';

/** `more`: of the fake that the desk has. */
export async function useLiveNode({ page, go, axe, faults }: Desktop, more: (stage: Stage) => void): Promise<void> {
  await go('#/0/overview');
  await page.getByRole('navigation').getByRole('link', { name: 'Live node' }).click();
  const containers = page.getByRole('table', { name: 'Containers' }).locator('tbody tr');
  await containers.first().waitFor();
  const button = page.getByRole('button', { name: 'Checkpoint default/web/app' });
  assert.equal(
    await page.getByRole('button', { name: /^Checkpoint / }).count(),
    1,
    'what has ended cannot be checkpointed',
  );
  const question = page.getByRole('dialog', { name: 'Checkpoint app?' });
  await button.click();
  await question.getByText(/stands still while its memory, about 4\.00 MiB/).waitFor();
  assert.deepEqual(await axe(), []);
  // By the keyboard: no, and then a pause that is none, which is refused where it stands.
  await page.keyboard.press('Escape');
  await question.waitFor({ state: 'detached' });
  await button.focus();
  await page.keyboard.press('Enter');
  await question.getByLabel('Longest pause').fill('soon');
  await page.keyboard.press('Enter');
  await question
    .getByRole('alert')
    .getByText(/a time up to an hour/)
    .waitFor();
  // The browser says so itself, and nothing else did.
  assert.deepEqual(faults(), [
    'console error: Failed to load resource: the server responded with a status of 400 (Bad Request)',
  ]);
  await question.getByLabel('Longest pause').fill('1ms');
  await question.getByRole('button', { name: 'Checkpoint it' }).click();
  const jobs = page.locator('.jobs > li');
  await jobs.getByText('it would stand still for 40 ms').waitFor();
  await jobs.getByText('allow a longer pause').waitFor();
  await button.click();
  await question.getByRole('button', { name: 'Checkpoint it' }).click();
  await jobs.first().getByText('freezing').waitFor();
  await jobs.first().getByRole('progressbar').waitFor();
  more('written');
  await jobs.first().getByText('81.2 ms').waitFor();
  await jobs.first().getByRole('link', { name: 'Open it' }).click();
  await page.locator('.tiles').waitFor();
  assert.equal(await page.getByLabel('Checkpoint').inputValue(), '4');
  await page.getByRole('navigation').getByRole('link', { name: 'Live node' }).click();
  await page.getByLabel('record what it tries').check();
  await page.getByRole('button', { name: 'Restore a copy…' }).click();
  const restoring = page.getByRole('dialog', { name: 'Restore a copy?' });
  await restoring.getByText('every packet recorded').waitFor();
  await restoring.getByRole('button', { name: 'Restore it' }).click();
  await jobs.first().getByRole('link', { name: 'Watch its log' }).click();
  const log = page.getByRole('log', { name: 'Lines of default/web-copy-1/app' });
  await log.getByText('line 1', { exact: true }).waitFor();
  more('line');
  await log.getByText('line 2', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Close' }).click();
  await log.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Remove default/web-copy-1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await containers.filter({ hasText: 'web-copy-1' }).waitFor({ state: 'detached' });
  await pushImage({ page, axe, faults }, more);
}

/** An image of what was taken, to a registry that is named: refused where it is not. */
async function pushImage(
  { page, axe, faults }: Pick<Desktop, 'page' | 'axe' | 'faults'>,
  more: (stage: Stage) => void,
) {
  const jobs = page.locator('.jobs > li');
  const question = page.getByRole('dialog', { name: 'Build and push an image?' });
  await page.getByLabel('Push to').fill('evidence/web');
  // By the keyboard: Enter sends a form, Escape says no.
  await page.keyboard.press('Enter');
  await question.getByText('All that the container had in memory goes there, passwords and keys too').waitFor();
  assert.deepEqual(await axe(), []);
  await question.getByRole('button', { name: 'Push it' }).click();
  await question.getByRole('alert').getByText('"evidence/web" names no registry').waitFor();
  await question.getByText('write it in full').waitFor();
  assert.equal(faults().length, 1, 'the browser says so, and nothing else did');
  await page.keyboard.press('Escape');
  await question.waitFor({ state: 'detached' });
  await page.getByLabel('Push to').fill('registry.example/evidence/web:1');
  await page.getByLabel('sign it').check();
  await page.getByRole('button', { name: 'Build and push…' }).click();
  await question.getByText('signed with the key of the desk').waitFor();
  await question.getByRole('button', { name: 'Push it' }).click();
  await jobs.first().getByText('3.00 MiB of 5.00 MiB').waitFor();
  await jobs.first().getByRole('progressbar').waitFor();
  more('pushed');
  await jobs
    .first()
    .getByText(`sha256:${'4b'.repeat(32)}`)
    .waitFor();
  await jobs.first().getByText('the layer is what was recorded at the capture').waitFor();
  await jobs.first().getByText('as registry.example/evidence/web:1').waitFor();
}
