/** What a person does in the view of a running node: yes and no by mouse and keyboard, and what is refused. */
import assert from 'node:assert/strict';
import type { Desktop } from './browser.fixture.ts';
import type { FakeNode, Stage } from './node.fixture.ts';

/** With the fake that the desk has. */
export async function useLiveNode({ page, go, axe, faults }: Desktop, { more, heard }: FakeNode): Promise<void> {
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
  await typeInto({ page, axe }, heard);
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

/** A shell in the copy: answered, left by the keyboard, and without a way out for what it writes. */
async function typeInto({ page, axe }: Pick<Desktop, 'page' | 'axe'>, heard: readonly string[]): Promise<void> {
  assert.equal(await page.getByRole('link', { name: 'Terminal of default/web/app' }).count(), 0, 'not in the original');
  await page.getByRole('link', { name: 'Terminal of default/web-copy-1/app' }).click();
  const screen = page.getByRole('log', { name: 'Screen of default/web-copy-1/app' });
  await screen.getByText('/ #').waitFor();
  const keys = page.getByLabel('Keys for default/web-copy-1/app');
  await page.locator('.terminal-input:focus').waitFor({ state: 'attached' });
  await page.keyboard.type('uname');
  await page.keyboard.press('Enter');
  await screen.getByText('Linux', { exact: true }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Control+c');
  assert.deepEqual(heard.slice(-2), ['\u001b[A', '\u0003']);
  await page.keyboard.press('Enter');
  const title = await page.title();
  const rows = await screen.locator('.screen-row').count();
  const before = heard.length;
  await page.keyboard.type('evil');
  await page.keyboard.press('Enter');
  await screen.getByText('<img src=x onerror=alert(1)>\\u202eabchidden').waitFor();
  assert.equal(await page.title(), title);
  assert.equal(await screen.locator('.screen-row').count(), rows);
  assert.equal(await screen.locator('a, img').count(), 0);
  // Nothing was put into the clipboard, and no report of a window came to be typed.
  await page.context().grantPermissions(['clipboard-read']);
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), '');
  assert.deepEqual(heard.slice(before).join(''), 'evil\r');
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await axe(), [], colorScheme);
  }
  await page.keyboard.type('lines');
  await page.keyboard.press('Enter');
  await screen.getByText('line 59').waitFor();
  assert.equal(await screen.getByText('line 9', { exact: true }).count(), 0);
  await page.keyboard.press('Shift+PageUp');
  await page.keyboard.press('Shift+PageUp');
  await screen.getByText('line 9', { exact: true }).waitFor();
  // Tab is the shell's; Shift+Tab leaves it.
  await page.keyboard.press('Tab');
  assert.equal(heard.at(-1), '\t');
  await page.keyboard.press('Shift+Tab');
  await page.locator('.terminal-input:focus').waitFor({ state: 'detached' });
  await keys.focus();
  await page.keyboard.press('Control+u');
  await page.keyboard.press('Enter');
  await page.keyboard.type('exit');
  await page.keyboard.press('Enter');
  await page.getByText('The shell has ended.').waitFor();
  await page.getByRole('link', { name: 'Close' }).click();
  await screen.waitFor({ state: 'detached' });
}
