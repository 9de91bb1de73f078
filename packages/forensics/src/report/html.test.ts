import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { html, Markup } from './html.ts';

test('no text that is put into a template is markup, in content or in an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      const page = String(html`<p title="${text}">${text}</p>`);
      const [, attribute = '', content = ''] = /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(page) ?? [];
      assert.equal(attribute, content);
      assert.doesNotMatch(attribute, /[<>'"\u202e\u001b]/);
    }),
  );
  assert.equal(String(html`<b>${`<i a="1" b='2'>&`}</b>`), '<b>&lt;i a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;</b>');
});

test('markup and lists of it stay, nothing is written for undefined and false, and 0 is a number', () => {
  const items = ['a', '<'].map((item) => html`<li>${item}</li>`);
  assert.equal(String(html`<ul>${items}${undefined}${false}${0}${10n}</ul>`), '<ul><li>a</li><li>&lt;</li>010</ul>');
});

test('only the template makes markup', () => {
  assert.throws(() => new Markup('<script>', Symbol('made by html') as never), TypeError);
});

test('every value of a template stands in content or between double quotes', () => {
  const folder = import.meta.dirname;
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  assert.ok(files.length > 10);
  for (const name of files) {
    const source = readFileSync(join(folder, name), 'utf8');
    assert.doesNotMatch(source, /[\w-]=\$\{|[\w-]='\$\{|<\/?\$\{|<\w+ \$\{/, name);
    assert.doesNotMatch(source, /\son[a-z]+="|<script|\sstyle="/, name);
  }
});
