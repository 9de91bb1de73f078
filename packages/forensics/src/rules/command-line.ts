/** Command lines that hide what they do, or fetch it. */
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity } from '../finding.ts';
import { commandOf, inlineProgram, isInterpreter, isShell, processText } from '../program/program.ts';
import type { Rule } from './rule.ts';

interface Sign {
  readonly words: string;
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly technique: string;
}

/** Any of the programs that run what they read. */
const RUN = String.raw`(?:\S*/)?(?:busybox |toybox |env |sudo |exec |nohup |setsid )*(?:ba|da|a|k|z)?sh\b|(?:\S*/)?(?:python[\d.]*|perl|ruby|php|node)\b(?: -)?`;
const DECODE = String.raw`(?:base64|base32)\s+(?:-\w*[dD]\w*|--decode)|openssl\s+(?:enc|base64)\b[^|;]*\s-d\b|xxd\s+-\w*r|(?:gunzip|gzip\s+-\w*d|zcat|bunzip2|xz\s+-\w*d)\b|\brev\b|tr\s+'?A-Za-z`;

const SCRATCH = String.raw`\/(?:tmp|var\/tmp|dev\/shm)\/`;

/** What shells are told. */
const SHELL_SIGNS: readonly Sign[] = [
  {
    words: 'sends its input and output over /dev/tcp',
    pattern:
      />&?\s*\/dev\/(?:tcp|udp)\/[^\s/]+\/\d+[^;|]*(?:0|<)\s*[<>]&\s*\d|exec\s+\d+<>\s*\/dev\/(?:tcp|udp)\/[\s\S]*(?:\bsh\b|while read|eval|\$\(|cat <&)|<\s*\/dev\/(?:tcp|udp)\/\S+[\s\S]*\|\s*(?:ba)?sh\b/,
    severity: 'critical',
    technique: 'T1059.004',
  },
  {
    words: 'decodes text and runs it',
    pattern: new RegExp(
      String.raw`(?:${DECODE})[^;&]{0,500}\|\s*(?:${RUN})|\{(?:base64|base32),(?:-\w*[dD]\w*|--decode)\}`,
    ),
    severity: 'high',
    technique: 'T1027.010',
  },
  {
    words: 'evaluates text that it decodes',
    pattern: new RegExp(
      String.raw`(?:\beval\b|\bsource\b|\b(?:ba|da|z|k)?sh\s+-\w*c|<\()\s*["'\x60]*\s*(?:\$\(|\x60|<?\(?)[^)]{0,500}(?:${DECODE})`,
    ),
    severity: 'high',
    technique: 'T1027.010',
  },
  {
    words: 'runs what it fetches',
    pattern: new RegExp(
      [
        String.raw`\b(?:curl|wget|fetch|lwp-request)\b[^;&|]{0,500}\|\s*(?:tee [^|]{1,200}\|\s*)?(?:${RUN})`,
        String.raw`(?:ba|da|z|k)?sh\s+(?:-\w*c\s+)?["']?(?:<\(|\$\(|\x60)\s*(?:curl|wget)\b`,
        String.raw`^(?=[\s\S]*?\b(?:curl|wget)\b[^;&|]{0,500}(?:-O|-o|>)\s*${SCRATCH})(?=[\s\S]*?\b(?:chmod\s+\S*[x7]\S*|(?:ba|da)?sh)\s+${SCRATCH})`,
      ].join('|'),
    ),
    severity: 'medium',
    technique: 'T1105',
  },
  {
    words: 'writes its words as numbers or in pieces',
    pattern:
      /(?:\\x[0-9a-fA-F]{2}){8,}|(?:\\[0-3][0-7]{2}){8,}|(?:\$\{IFS\}|\$IFS(?:\$9)?)[^$]*(?:\$\{IFS\}|\$IFS)|(?:\$[a-z]){5}|\b\w{1,3}(?:''|""|\\(?=\w))\w(?:(?:''|""|\\(?=\w))\w){2,}/,
    severity: 'medium',
    technique: 'T1027.010',
  },
];

/** What interpreters are told on their command line. */
const INTERPRETER_SIGNS: readonly Sign[] = [
  {
    words: 'joins a shell to a connection',
    // Looked for from the beginning alone, each word by itself: a line of many of them is to take no time.
    pattern:
      /^(?=[\s\S]*?\bsocket\b)(?=[\s\S]*?(?:connect|SOCK_STREAM))(?=[\s\S]*?(?:dup2|pty\.spawn|subprocess|os\.system|popen|exec))|^(?=[\s\S]*?fsockopen\s*\()(?=[\s\S]*?\b(?:exec|system|passthru|popen|proc_open|shell_exec)\b)|^(?=[\s\S]*?\bSocket\b)(?=[\s\S]*?connect\s*\()(?=[\s\S]*?\b(?:exec|system)\b)|^(?=[\s\S]*?TCPSocket\.(?:new|open))(?=[\s\S]*?\b(?:exec|IO\.popen|system|spawn)\b)|^(?=[\s\S]*?require\(['"]net['"]\))(?=[\s\S]*?\b(?:spawn|exec))/,
    severity: 'critical',
    technique: 'T1059',
  },
  {
    words: 'runs text that it decodes',
    pattern:
      /\b(?:exec|eval|compile|assert|Function)\s*\(?[\s\S]{0,200}(?:b64decode|base64_decode|decode64|fromhex|unhexlify|zlib\.decompress|gzinflate|str_rot13|marshal\.loads|unpack\s*\(?\s*['"]H|Buffer\.from\([\s\S]{0,400}['"](?:base64|hex)|atob\()|(?:exec|eval)[\s\S]{0,100}__import__\(\s*['"](?:base64|zlib|marshal|codecs)/,
    severity: 'high',
    technique: 'T1027.010',
  },
  {
    words: 'runs what it fetches',
    pattern:
      /\b(?:exec|eval)\s*\(?[\s\S]{0,200}(?:urlopen|requests\.get|urllib2?\.|file_get_contents\(\s*['"]https?:|open-uri|LWP::Simple|https?\.get)/,
    severity: 'high',
    technique: 'T1105',
  },
];

/** Letters of an encoded text that nobody types. */
const LONG_ENCODED = /(?:^|[\s"'=,{])([A-Za-z0-9+/]{240,}={0,2})(?=$|[\s"',}])/;

/** What an encoded text is once it is decoded, where that tells. */
function decodedKind(text: string): string | undefined {
  const bytes = Buffer.from(text.slice(0, 4096), 'base64');
  const head = bytes.toString('latin1');
  if (head.startsWith('\x7fELF')) return 'a program';
  if (head.startsWith('\x1f\x8b')) return 'compressed data';
  return /^#!|\b(?:impor[t] (?:os|socket|subprocess)|\/bin\/(?:ba)?sh|curl |wget |chmod |eval\(|exec\()/.test(head)
    ? 'a script'
    : undefined;
}

/** Characters of a program that signs are looked for in, at its beginning and at its end: some look back and forth. */
const LOOKED_AT = 4096;

/** The signs of one process. */
function signsOf(process: ProcessRow): readonly Sign[] {
  const shell = isShell(process);
  if (!shell && !isInterpreter(process)) return [];
  const program = inlineProgram(process);
  if (program === undefined) return [];
  const isLong = program.length > 2 * LOOKED_AT;
  const text = isLong ? `${program.slice(0, LOOKED_AT)}\n${program.slice(-LOOKED_AT)}` : program;
  const found = (shell ? SHELL_SIGNS : INTERPRETER_SIGNS).filter(({ pattern }) => pattern.test(text));
  const encoded = LONG_ENCODED.exec(program)?.[1];
  const kind = encoded === undefined ? undefined : decodedKind(encoded);
  if (kind !== undefined)
    found.push({
      words: `holds ${kind} as encoded text`,
      pattern: LONG_ENCODED,
      severity: 'high',
      technique: 'T1027.010',
    });
  return found;
}

const ORDER: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

export const commandLineObfuscated: Rule = {
  id: 'command-line-obfuscated',
  title: 'command line hides or fetches what it runs',
  severity: 'high',
  techniques: ['T1027.010', 'T1059.004', 'T1105', 'T1140'],
  why: 'Text that is decoded and run, fetched and run, or joined to a connection is how an intruder’s first command looks, since it must fit on one line and past filters.',
  benign: 'Installers that are fetched and run (`medium`), and templates of who packs a script into a variable.',
  *judge({ processes }) {
    for (const process of processes) {
      const signs = [...signsOf(process)].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
      const [worst] = signs;
      if (worst === undefined) continue;
      yield {
        summary: `${processText(process)} ${signs.map(({ words }) => words).join(', ')}`,
        references: [{ kind: 'process', pid: process.pid }],
        severity: worst.severity,
        details: {
          command: commandOf(process).slice(0, 2000),
          techniques: [...new Set(signs.map(({ technique }) => technique))],
        },
      };
    }
  },
};
