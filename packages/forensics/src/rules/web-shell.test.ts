/** Scripts are put together here, so that a scanner of files does not take this one for a web shell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOfTexts, textRow } from './changes.fixture.ts';
import { webShell as rule } from './web-shell.ts';

const request = (name: string) => ['$', '_', name].join('');
const evaluate = ['ev', 'al'].join('');
const SHELLS: Record<string, string> = {
  '/var/www/html/wp-info.php': `<?php @${evaluate}(${request('POST')}["c"]); ?>`,
  '/usr/share/nginx/html/a.php': `<?php echo shell_${'exec'}(${request('GET')}['cmd']); ?>`,
  '/srv/b2.php': `<?php $c = ${request('GET')}['c']; echo "<pre>"; \\sys${'tem'}($c); ?>`,
  '/srv/b3.php': `<?php echo \`${request('GET')}[c]\`; ?>`,
  '/srv/b4.php': `<?php call_user_${'func'}(${request('GET')}['f'], 1); ?>`,
  '/srv/b.phtml': `<?php ${request('REQUEST')}['f'](${request('REQUEST')}['a']); ?>`,
  '/var/www/c.php': `<?php ${evaluate}(gzinflate(base64_${'decode'}('x'))); ?>`,
  '/opt/tomcat/webapps/ROOT/d.jsp': '<% Runtime.getRuntime().exec(request.getParameter("c")); %>',
  '/var/www/e.aspx': `<%@ Page Language="Jscript"%><%${evaluate}(Request.Item["c"])%>`,
  '/var/www/cgi-bin/f.py': 'form = cgi.FieldStorage()\nos.system(form.getvalue("c"))\n',
};

for (const [path, text] of Object.entries(SHELLS)) {
  test(`${path} is one`, () => assert.deepEqual(saidOfTexts(rule, textRow(path, text)), [`high rootfs${path}`]));
}

test('ordinary scripts are not: forms, includes, templates that were compiled, consoles without a request', () => {
  const texts = [
    `<?php echo htmlspecialchars(${request('GET')}['q']); mysqli_query($db, 'select 1'); ?>`,
    "<?php require_once __DIR__ . '/vendor/autoload.php'; $app->run(); ?>",
    '<?php if ($this->exec($statement)) { $x = $curl->exec(); } ?>',
    `<?php\n/**\n * Reads \`${request('GET')}\` and \`${request('POST')}\`.\n */\n$ids = array_map('intval', ${request('POST')}['ids']);`,
    `<?php $id = (int) ${request('GET')}['id']; $db->exec("delete from x where id = $id"); ?>`,
    `<?php /* Smarty */ echo $_smarty_tpl->tpl_vars['title']->value; $id = intval(${request('POST')}['id']); ?>`,
    `<?php $user = ${request('SESSION')}['user']; echo base64_${'decode'}($row['logo']); ?>`,
  ];
  for (const text of texts) assert.deepEqual(saidOfTexts(rule, textRow('/var/www/html/cache/a.php', text)), [], text);
  assert.deepEqual(saidOfTexts(rule, textRow('/home/u/a.php', SHELLS['/var/www/html/wp-info.php'] ?? '')), []);
});

test('a hostile script takes no time', () => {
  const parts = [
    `$a=${request('GET')};`,
    `${evaluate}(`,
    `array_map(${request('POST')}`,
    '`',
    'getParameter;',
    'FieldStorage()',
    'defineClass(',
    "preg_replace('/",
  ];
  for (const part of parts) {
    const text = part.repeat(65_536 / part.length);
    const start = performance.now();
    for (const name of ['a.php', 'a.jsp', 'a.py']) saidOfTexts(rule, textRow(`/srv/${name}`, text));
    assert.ok(performance.now() - start < 15_000, `${part} takes ${performance.now() - start} ms`);
  }
});
