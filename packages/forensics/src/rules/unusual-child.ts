/** Services that started what they have no use for. */
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity } from '../finding.ts';
import {
  commandOf,
  inlineProgram,
  isInterpreter,
  isRelay,
  isShell,
  processText,
  programOf,
  scriptOf,
} from '../program/program.ts';
import { processOf, rootProcess } from '../program/rows.ts';
import { areJoined } from '../program/streams.ts';
import type { Rule } from './rule.ts';

/** How odd a shell is beneath a service: some never start one, some do for their own ends. */
const SERVERS: readonly (readonly [RegExp, Severity])[] = [
  [
    /^(?:nginx|openresty|haproxy|varnishd|envoy|caddy|traefik|lighttpd|memcached|redis.*|valkey.*|keydb.*|mysqld|mariadbd|mongod|mongos|etcd|coredns|named|dnsmasq|squid|vsftpd|proftpd|pure-ftpd|slapd|clickhouse.*|influxd|prometheus|grafana.*|minio|rabbitmq.*|nats-server)$/,
    'high',
  ],
  [
    /^(?:httpd|apache2|php-?fpm[\d.]*|php-?cgi[\d.]*|w3wp|smbd|exim4?|postgres|postmaster|cassandra|neo4j|dotnet)$/,
    'medium',
  ],
  [/^(?:java|jsvc|catalina)$/, 'low'],
  [/^(?:uwsgi|gunicorn|unicorn|puma|passenger.*)$/, 'low'],
];
const FETCHER = /^(?:curl|wget|wget2|aria2c|lwp-download|ftpget|tftp|scp|sftp)$/;
const LOOKER = /^(?:whoami|id|uname|ifconfig|netstat|nmap|masscan|ncat|socat)$/;

/** What services do start: archiving of PostgreSQL, mail of PHP, pipes of logs, health checks. */
const USUAL =
  /(?:archive|restore_command|wal-g|wal-e|pgbackrest|barman|pg_|cp ["']?pg_wal|sendmail|rotatelogs|cronolog|logger|healthcheck|health-check|convert |magick|ffmpeg|wkhtmlto|pdftotext|exiftool|gs -|ssl_?passphrase|patronictl|redis-sentinel|reconfig)/i;
const INTERACTIVE = /^-(?:i|li|il|l|)$/;

function oddness(parent: ProcessRow): Severity | undefined {
  const program = programOf(parent) ?? '';
  const known = SERVERS.find(([pattern]) => pattern.test(program))?.[1];
  if (known !== undefined) return known;
  // gunicorn and the like are scripts.
  const script = isInterpreter(parent) ? scriptOf(parent) : undefined;
  return script !== undefined && /(?:gunicorn|uwsgi|uvicorn|hypercorn|unicorn|puma)$/.test(script) ? 'low' : undefined;
}

function worse(severity: Severity): Severity {
  return severity === 'low' ? 'medium' : severity === 'medium' ? 'high' : 'critical';
}

/** What is odd of a child; undefined where it is nothing. */
function kindOf(child: ProcessRow): { words: string; isWorse: boolean } | undefined {
  const program = programOf(child) ?? '';
  if (isRelay(child)) return { words: `${program}, which joins programs to connections`, isWorse: true };
  if (FETCHER.test(program)) return { words: `${program}, which fetches files`, isWorse: false };
  if (LOOKER.test(program)) return { words: `${program}, by which one looks around`, isWorse: false };
  if (isShell(child)) {
    const args = child.arguments ?? [];
    const isInteractive = args.length === 1 || args.some((argument) => INTERACTIVE.test(argument));
    return { words: isInteractive ? 'an interactive shell' : 'a shell', isWorse: isInteractive };
  }
  const inline = isInterpreter(child) ? inlineProgram(child) : undefined;
  return inline === undefined ? undefined : { words: `${program} with a program on its command line`, isWorse: false };
}

export const unusualChild: Rule = {
  id: 'process-unusual-child',
  title: 'service started a shell or a tool',
  severity: 'medium',
  techniques: ['T1190', 'T1059.004'],
  why: 'Web servers, databases and the like are the way in: a hole in them, or a web shell, is used to start a shell, and that shell to fetch the rest.',
  benign:
    'PHP and Java programs that use tools, databases that archive their logs, build servers, whose work it is (`low` for Java).',
  *judge(tables) {
    const root = rootProcess(tables);
    for (const child of tables.processes) {
      if (child.state === 'dead' || child.ppid === 0) continue;
      const parent = processOf(tables, child.ppid);
      const severity = parent && oddness(parent);
      const kind = severity === undefined ? undefined : kindOf(child);
      if (parent === undefined || severity === undefined || kind === undefined) continue;
      // What lost its parent belongs to the first process, and so does what an entry point started before it became the service.
      if (parent.pid === root?.pid && !areJoined(tables, child.pid, parent.pid)) continue;
      const command = commandOf(child);
      if (USUAL.test(command) && !kind.isWorse) continue;
      yield {
        summary: `${processText(parent)} started ${processText(child)}: ${kind.words}`,
        references: [
          { kind: 'process', pid: child.pid },
          { kind: 'process', pid: parent.pid },
        ],
        severity: kind.isWorse ? worse(severity) : severity,
        details: { parent: programOf(parent), command: command.slice(0, 1000) },
      };
    }
  },
};
