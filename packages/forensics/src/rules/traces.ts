/** Smaller traces of somebody at work: no history, private keys, keyboards, debuggers, programs that outlived their shell. */
import type { MemoryRow } from '../analysers/memory.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { countedText, references } from '../program/counted.ts';
import { isHidden, isTemporary, placeOf } from '../program/place.ts';
import { commandOf, inlineProgram, isInterpreter, isShell, processText, programOf } from '../program/program.ts';
import { filesOf, processOf, rootProcess } from '../program/rows.ts';
import { streamOf } from '../program/streams.ts';
import type { EvidenceReference } from '../reference.ts';
import type { Rule } from './rule.ts';

const NO_HISTORY =
  /^(?:HISTFILE=(?:\/dev\/null|\/dev\/zero|)|HIST(?:FILE)?SIZE=0|HISTFILESIZE=0|LESSHISTFILE=never_|SAVEHIST=0)$/;

export const historyOff: Rule = {
  id: 'shell-history-off',
  title: 'shell keeps no history',
  severity: 'medium',
  techniques: ['T1562.003'],
  why: 'Who does not want to be seen first tells the shell to write nothing down.',
  benign: 'Images whose makers want no history in layers: what the container was declared with is `info`.',
  *judge({ processes, container }) {
    const declared = new Set(container.spec?.process.env);
    const found = processes.flatMap((process) => {
      const variable = process.environment?.find((text) => NO_HISTORY.test(text));
      return variable === undefined ? [] : [{ process, variable }];
    });
    for (const [variable, rows] of Map.groupBy(found, (row) => row.variable)) {
      const who = rows.map(({ process }) => process);
      yield {
        summary: `${countedText(who)} ${who.length === 1 ? 'was' : 'were'} started with ${variable}`,
        references: references(who),
        severity: declared.has(variable) ? 'info' : undefined,
        details: { variable, declared: declared.has(variable) },
      };
    }
  },
};

const KEY = 'memory-private-key-pem';

export const memoryPrivateKey: Rule = {
  id: 'memory-private-key',
  title: 'private key in memory',
  severity: 'info',
  techniques: ['T1552.004'],
  why: 'Whoever has the memory has the key, so it must be replaced where the container was in other hands. In a shell or in a program of an intruder it was taken.',
  benign: 'A server of TLS has its key in memory, and must.',
  patterns: [
    {
      id: KEY,
      pattern: {
        kind: 'regex',
        source:
          '-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\\r?\\n(?:[A-Za-z0-9-]{4,20}: [^\\r\\n]{1,80}\\r?\\n){0,4}(?:\\r?\\n)?[A-Za-z0-9+/]{40,76}={0,2}\\r?\\n',
        anchors: ['-----BEGIN '],
      },
    },
  ],
  *judge(tables) {
    const hits = tables.memory.filter(({ pattern }) => pattern === KEY);
    for (const [pid, rows] of Map.groupBy(hits, (row) => row.pid)) {
      const [first, ...more] = rows.slice(0, 20).map(keyReference);
      if (first === undefined) continue;
      const process = pid === undefined ? undefined : processOf(tables, pid);
      const path = process?.executable?.path ?? '';
      const isOdd =
        process !== undefined &&
        (isShell(process) || isTemporary(path) || isHidden(path) || process.executable?.memfd === true);
      yield {
        summary: `${process ? processText(process) : 'shared memory'} has ${rows.length === 1 ? 'a private key' : `${rows.length} texts of private keys`}`,
        references: [first, ...more],
        severity: isOdd ? 'medium' : undefined,
        details: { texts: rows.length },
      };
    }
  },
};

/** The length is that of the first lines alone: nobody is to take a key out of a report. */
function keyReference({ pid, address, bytes }: MemoryRow): EvidenceReference {
  return pid === undefined ? { kind: 'image', name: 'pagemap-shmem' } : { kind: 'memory', pid, address, bytes };
}

const INPUT = /^\/dev\/(?:input\/(?:event|mouse|mice|js)\w*|uinput|hidraw\d+|uhid)$/;

export const inputDeviceOpen: Rule = {
  id: 'input-device-open',
  title: 'process reads keyboards or other input devices',
  severity: 'high',
  techniques: ['T1056.001'],
  why: 'Who reads the device of a keyboard sees every key that is pressed at the machine; with uinput it can press them.',
  benign: 'A display server or a program for remote control, in a container that was given the devices.',
  *judge(tables) {
    for (const process of tables.processes) {
      const found = filesOf(tables, process.pid).filter(
        ({ fd, target }) => typeof fd === 'number' && target.type === 'file' && INPUT.test(target.path),
      );
      const [first, ...more] = found.slice(0, 20).map(({ pid, fd }) => ({ kind: 'fd', pid, fd }) as const);
      if (first === undefined) continue;
      const paths = found.flatMap(({ target }) => (target.type === 'file' ? target.path : []));
      yield {
        summary: `${processText(process)} has ${paths[0]}${paths.length > 1 ? ` and ${paths.length - 1} more` : ''} open`,
        references: [first, ...more],
        details: { paths: paths.slice(0, 20) },
      };
    }
  },
};

const DEBUGGER =
  /^(?:gdb(?:server)?(?:-multiarch)?|gdb-\w+|strace|ltrace|lldb(?:-server|-\d+)?|dlv|gcore|rr|frida(?:-\w+)?|radare2|r2|bpftrace|perf|uftrace|sysdig|linux-inject|reptyr|criu|cryo|memdump|dumpproc|procdump)$/;

export const debuggerRunning: Rule = {
  id: 'debugger-running',
  title: 'debugger or tracer runs in the container',
  severity: 'medium',
  techniques: ['T1055.008', 'T1003.007'],
  why: 'A tracer reads and changes another process: its secrets, its code. A checkpoint does not say who is traced (CRIU traces all itself), so the tracer is what shows.',
  benign: 'Somebody debugs, or the container is there for that (`low` as its own program).',
  *judge(tables) {
    const childrenOf = Map.groupBy(tables.processes, ({ ppid }) => ppid);
    for (const process of tables.processes) {
      if (process.state === 'dead' || !DEBUGGER.test(programOf(process) ?? '')) continue;
      const children = childrenOf.get(process.pid) ?? [];
      yield {
        summary: `${processText(process)} is a tracer of other processes`,
        references: [
          { kind: 'process', pid: process.pid },
          ...children.slice(0, 10).map(({ pid }) => ({ kind: 'process', pid }) as const),
        ],
        severity: rootProcess(tables)?.pid === process.pid ? 'low' : undefined,
        details: { command: commandOf(process).slice(0, 1000) },
      };
    }
  },
};

/** A shell, an interpreter with its program on the command line, or a program that no package brought. */
function isOfSomebody(process: ProcessRow): boolean {
  const place = placeOf(process.executable?.path ?? '/usr/');
  if (place === 'temporary' || place === 'hidden' || process.executable?.memfd === true) return true;
  return (isShell(process) || isInterpreter(process)) && inlineProgram(process) !== undefined;
}

export const processDetached: Rule = {
  id: 'process-detached',
  title: 'process was cut loose from the shell that started it',
  severity: 'low',
  techniques: ['T1564.011', 'T1036.009'],
  why: 'What is to outlive a session is put into one of its own (setsid, nohup, a double fork), so that it does not end with the shell and nobody is seen as its parent.',
  benign: 'Helpers that an entry point puts into the background so.',
  *judge(tables) {
    const root = rootProcess(tables);
    if (root === undefined) return;
    const found = tables.processes.filter((process) => {
      const { pid, ppid, sid, state, environment } = process;
      if (state === 'dead' || ppid !== root.pid || sid !== pid || sid === root.sid || !isOfSomebody(process))
        return false;
      const isOfShell = environment?.some((text) => /^(?:SHLVL|OLDPWD)=/.test(text)) ?? false;
      return isOfShell && ![0, 1, 2].some((fd) => streamOf(tables, pid, fd as 0 | 1 | 2)?.target.type === 'tty');
    });
    if (found.length === 0) return;
    const each = found.length === 1 ? 'is alone in a session and a child' : 'are alone in their sessions and children';
    yield {
      summary: `${countedText(found)} ${each} of the first process, though a shell started ${found.length === 1 ? 'it' : 'them'}`,
      references: references(found),
      details: { commands: found.slice(0, 20).map((process) => commandOf(process).slice(0, 200)) },
    };
  },
};
