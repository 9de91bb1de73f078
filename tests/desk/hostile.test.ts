/** What a hostile container called its processes, files and variables is text in every view, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { needs } from '@stillframe/testkit';
import { openDesktop, REDIS } from './browser.fixture.ts';
import { vouchedBy } from './custody.fixture.ts';
import { FAR, HOSTILE, hostileArchive, SHOWN } from './hostile.fixture.ts';
import { fakeNode } from './node.fixture.ts';

/** A path keeps no slash in a name. */
const BEGINNING = SHOWN.slice(0, SHOWN.indexOf('/'));

/** Where a view shows such a name, and where it stands there. */
const VIEWS: readonly (readonly [view: string, where: string])[] = [
  ['overview', 'h1'],
  ['overview', 'dd'],
  ['processes', 'tbody a'],
  ['process/1', 'h1'],
  ['memory/1', 'option'],
  ['files', 'td code'],
  ['files', '.tree-name'],
  ['network', 'title'],
  ['timeline', 'td'],
  ['diff/1', '.side-card'],
  ['diff/1', 'tbody th'],
  ['diff/1', 'td.there-side code'],
  ['custody', 'td'],
  ['custody', 'dd'],
  ['custody', '.exports code'],
  ['node/log/c1', 'td'],
  ['node/log/c1', 'td code'],
  ['node/log/c1', '.log div'],
  ['node/log/c1', 'h2'],
];

test('hostile names are text in every view of the desk', needs('chromium'), async () => {
  await using checkpoint = await openCheckpoint(await hostileArchive());
  await using desktop = await openDesktop(
    [{ name: HOSTILE, checkpoint, ...vouchedBy(HOSTILE) }, REDIS],
    fakeNode(checkpoint, HOSTILE).node,
  );
  const { page } = desktop;
  for (const [view, where] of VIEWS) {
    await desktop.go(`#/0/${view}`);
    const place = page.locator(where).filter({ hasText: BEGINNING }).first();
    await place.waitFor({ state: 'attached' });
    assert.equal(await page.locator('img, #desk script, i, b, [onerror]').count(), 0, view);
    const text = (await page.locator('body').textContent()) ?? '';
    assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/, view);
  }
  await desktop.go('#/0/process/1');
  await page.getByRole('button', { name: 'Show secrets' }).click();
  await page.getByText('PATH=<img src=x onerror=alert(3)>').waitFor();
  await desktop.go(`#/0/files/path/%2F${FAR}`);
  await page.getByText('9000000000000 seconds since 1970').waitFor();
  assert.deepEqual(desktop.faults(), []);
});
