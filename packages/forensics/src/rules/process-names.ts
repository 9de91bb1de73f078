/** What a process calls itself, against what it is. */
import type { ProcessRow } from '../analysers/processes.ts';
import { isTemporary, placeOf } from '../program/place.ts';
import { baseName, isInterpreter, isShell, processText, programOf, scriptOf } from '../program/program.ts';
import type { Rule } from './rule.ts';

/** Threads of the kernel, none of which is in a container: it has a PID namespace of its own. */
const KERNEL =
  /^(?:kworker(?:\/.*)?|ksoftirqd\/\d+|kthreadd|migration\/\d+|rcu_(?:sched|bh|gp|par_gp|preempt|tasks\w*)|rcuo[a-z]\/\d+|kswapd\d+|kcompactd\d+|khugepaged|kdevtmpfs\w*|kauditd|kblockd|kintegrityd|kthrotld|ksmd|cpuhp\/\d+|idle_inject\/\d+|oom_reaper|scsi_(?:eh|tmf)_\d+|jbd2\/.*|ext4-rsv-conver|xfsaild\/.*|xfs-[\w-]+\/.*|irq\/\d+-.*|watchdogd|netns|inet_frag_wq|slub_flushwq|mm_percpu_wq|edac-poller|devfreq_wq|kstrp|zswap-shrink|kmpath\w*|nfsiod|cifsiod|loop\d+)$/;
/** Names of which the kernel's have a number, or which are no word of anybody else. */
const BARE = /^(?:netns|loop\d+|kstrp|watchdogd|ksmd)$/;
const BRACKETED = /^\[([\w/:.+-]{2,32})\]$/;

export const processKernelThreadName: Rule = {
  id: 'process-kernel-thread-name',
  title: 'process looks like a thread of the kernel',
  severity: 'high',
  techniques: ['T1036.005', 'T1036.011'],
  why: 'ps shows threads of the kernel in brackets and people read over them. A container has none: what is called so has a program behind it.',
  benign: 'Hardly anything; a program whose file really has that name.',
  *judge({ processes }) {
    for (const process of processes) {
      const { pid, name = '', executable, arguments: args, state } = process;
      if (state === 'dead' || executable === undefined) continue;
      const [first = ''] = args ?? [];
      const bracketed = BRACKETED.exec(first)?.[1];
      const isNamed = KERNEL.test(name) && !BARE.test(name);
      if (bracketed === undefined && !isNamed) continue;
      yield {
        summary: `${processText(process)} is called ${bracketed === undefined ? name : first}, like a thread of the kernel, but runs ${executable.path}`,
        references: [
          { kind: 'fd', pid, fd: 'exe' },
          { kind: 'process', pid },
        ],
        details: { name, argument: first, path: executable.path },
      };
    }
  },
};

/** Services that everybody expects, by the name that they claim, and which files may claim it. */
const SERVICES: Readonly<Record<string, RegExp>> = {
  sshd: /^sshd(?:-session|-auth)?$|^dropbear/,
  cron: /^cron$|^busybox|^crond?$/,
  crond: /^crond?$|^busybox|^fcron/,
  atd: /^atd$/,
  systemd: /^systemd/,
  'systemd-journald': /^systemd-journald?$/,
  'systemd-udevd': /^(?:systemd-udevd|udevadm|systemd)$/,
  'systemd-logind': /^systemd-logind$/,
  'systemd-resolved': /^systemd-resolved?$/,
  'dbus-daemon': /^dbus-/,
  rsyslogd: /^rsyslogd$/,
  syslogd: /^(?:syslogd|busybox.*|rsyslogd|syslog-ng|inetutils-syslogd)$/,
  auditd: /^auditd$/,
  irqbalance: /^irqbalance$/,
  polkitd: /^polkitd$/,
  accounts: /^accounts-daemon$/,
  httpd: /^(?:httpd|apache2|busybox.*|lighttpd|thttpd|mini_httpd|darkhttpd)(?:[-.].*)?$/,
  apache2: /^(?:apache2|httpd)/,
  nginx: /^(?:nginx|openresty|tengine|angie|freenginx)/,
  'php-fpm': /^php-?fpm|^php/,
  mysqld: /^(?:mysqld|mariadbd)/,
  mariadbd: /^(?:mysqld|mariadbd)/,
  postgres: /^(?:postgres|postmaster|edb-postgres|python.*|ruby.*)/,
  'redis-server': /^(?:redis|valkey|keydb)/,
  memcached: /^memcached/,
  mongod: /^mongod/,
  containerd: /^containerd/,
  dockerd: /^dockerd/,
  kubelet: /^(?:kubelet|hyperkube|k3s|rke2|kubelite)/,
  agetty: /^(?:agetty|getty)/,
};

/** `sshd: root@pts/0` claims to be sshd, `nginx: worker process` nginx, `/usr/sbin/httpd -k start` httpd. */
function claimOf(text: string): string | undefined {
  const word = baseName((/^-?([^\s:]+)/.exec(text)?.[1] ?? '').slice(0, 200));
  return Object.hasOwn(SERVICES, word) ? word : undefined;
}

export const processNameDiffers: Rule = {
  id: 'process-name-differs',
  title: 'process does not run what it is called',
  severity: 'medium',
  techniques: ['T1036.005', 'T1036.011'],
  why: 'A process may overwrite its name and its arguments. One that claims to be a service that everybody knows, and runs another file, wants to be overlooked.',
  benign:
    'A wrapper that starts the service under its name, or a package that renamed the file. Titles and names of threads that claim nothing are `info`.',
  *judge({ processes }) {
    for (const process of processes) {
      const { pid, name, executable, arguments: args, state } = process;
      if (state === 'dead' || executable === undefined || (executable.path === '' && !executable.memfd)) continue;
      const [first = ''] = args ?? [];
      const path = executable.path;
      const file = baseName(path);
      const claim = [claimOf(first), name === undefined ? undefined : claimOf(name)].find(
        (each) => each !== undefined && SERVICES[each]?.test(file) === false,
      );
      const references = [
        { kind: 'process', pid },
        { kind: 'fd', pid, fd: 'exe' },
      ] as const;
      const details = { name: name ?? null, argument: first, path };
      if (claim !== undefined && !isScriptOf(process, claim)) {
        const isWorse = executable.memfd || isTemporary(path) || placeOf(path) === 'hidden' || isInterpreter(process);
        const summary = `${processText(process)} claims to be ${claim}, but runs ${path}`;
        yield { summary, references, severity: isWorse ? 'high' : undefined, details };
      } else if (name !== undefined && !executable.memfd && !isExplained(process, name)) {
        const summary = `${processText(process)} runs ${path} under another name`;
        yield { summary, references, severity: 'info', details };
      }
    }
  },
};

/** A script `/usr/sbin/httpd` that a shell runs has its name from its file. */
function isScriptOf(process: ProcessRow, claim: string): boolean {
  const script = scriptOf(process);
  return script !== undefined && baseName(script) === claim;
}

/** Characters of a name that the kernel keeps (TASK_COMM_LEN without its NUL). */
const KEPT = 15;

function isExplained(process: ProcessRow, name: string): boolean {
  const { executable, arguments: args = [], threads } = process;
  // Threads that name themselves: Java's, Go's and browsers' main thread too.
  if (threads.length > 1 || isShell(process)) return true;
  const known = [executable?.path, args[0]?.replace(/^-/, ''), args[1], programOf(process), scriptOf(process)];
  return known.some((each) => each !== undefined && (baseName(each).slice(0, KEPT) === name || each.includes(name)));
}
