/** What a person does in the view of memory: to an address, by keyboard, and by what stands there. */
import assert from 'node:assert/strict';
import { type Desktop, until } from './browser.fixture.ts';

export async function memory({ page, go, axe }: Desktop): Promise<void> {
  await go('#/0/memory/1');
  await page.getByRole('button', { name: / heap/ }).first().click();
  await page
    .getByRole('status')
    .filter({ hasText: / heap, / })
    .waitFor();
  const bytes = page.getByRole('region', { name: /^Bytes/ });
  await bytes.locator('.text, .zero').first().waitFor();
  const top = async () => (await bytes.locator('.at').first().textContent()) ?? '';
  const first = await top();
  await bytes.focus();
  await page.keyboard.press('PageDown');
  await until('another row', async () => (await top()) !== first);
  assert.equal(Number.parseInt(await top(), 16) - Number.parseInt(first, 16), 512);
  await page.keyboard.press('Home');
  await until('the first row', async () => (await top()) === first);
  await page.getByLabel('Address').fill('0xffffffffff600000');
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await page.locator('.hex-row .at', { hasText: 'ffffffffff600000' }).waitFor();
  await page.locator('.hex-row .absent').first().waitFor();
  await page.getByLabel('Find in memory').fill('4111111111111111');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.locator('.matches mark').first().waitFor();
  await page.getByText(/^\d+ matches$/).waitFor();
  await page.locator('.matches a').first().click();
  const marked = page.locator('.hex-row .characters .marked');
  await marked.first().waitFor();
  assert.equal((await marked.allTextContents()).join(''), '4111111111111111');
  await yaraRules({ page, axe });
}

/** Rules that are pasted, wrong at first, and rules of a file. */
async function yaraRules({ page, axe }: Pick<Desktop, 'page' | 'axe'>): Promise<void> {
  await page.getByRole('search').getByRole('combobox').selectOption('YARA rules');
  const rules = page.getByRole('textbox', { name: 'YARA rules' });
  await rules.fill('rule a {\n  condition:\n    <img src=x>\n}');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('alert').getByText('Line 3, column 5: ').waitFor();
  await page.getByRole('alert').getByText('<img src=x>').first().waitFor();
  // The keyboard goes on where the fault is.
  assert.equal(await page.evaluate('getSelection().toString()'), '<img src=x>');
  assert.deepEqual(await axe(), []);
  const text = 'rule card { strings: $number = "4111111111111111" condition: $number }';
  await page.getByLabel('or a file of them').setInputFiles({
    ...{ name: 'card.yar', mimeType: 'text/plain', buffer: Buffer.from(text) },
  });
  await until('the file', async () => (await rules.inputValue()) === text);
  await rules.focus();
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Search' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText(/^\d+ match(es)?$/).waitFor();
  await page.locator('.match-by').getByText('card $number').first().waitFor();
  await page.locator('.matches a').first().click();
  await page.locator('.hex-row .characters .marked').first().waitFor();
}
