/** Scripts on a web server that do what their visitor says. */

import type { TextRow } from '../analysers/texts.ts';
import type { Severity } from '../finding.ts';
import { referencesOf, textsOf, verbOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

type Sign = readonly [severity: Severity, why: string, RegExp];

/** What a request brings, in PHP. Written so that this source does not look like one. */
const REQUEST = String.raw`\$(?:_(?:GET|POST|REQUEST|COOKIE|SERVER\[['"]HTTP_|FILES)|HTTP_(?:GET|POST)_VARS|\{["']_)`;
const RUN = '(?<![>:$\\w])(?:eval|assert|system|exec|passthru|shell_exec|popen|proc_open|pcntl_exec|create_function)';
/** Functions whose first argument is a function. */
const CALL = '(?<![>:$\\w])(?:call_user_func(?:_array)?|array_map|usort|register_shutdown_function)';
/** Before a command between backquotes: not in a comment, not in a text. */
const BACKQUOTE = String.raw`(?:^|\n)(?![ \t]*(?:\*|//|#|/\*))(?:[^\n'"]{0,200}(?:=|echo|print|return|\(|;|<\?(?:php|=)?))?[ \t]*@?\x60`;
const DECODE = '(?:base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|hex2bin|strrev|convert_uudecode)';

const PHP: readonly Sign[] = [
  ['high', 'runs what a request says', new RegExp(String.raw`${RUN}\s*\(\s*[^;\n]{0,200}${REQUEST}`, 'i')],
  ['high', 'runs what a request says', new RegExp(String.raw`${BACKQUOTE}[^\x60\n]{0,200}${REQUEST}`, 'i')],
  [
    'high',
    'runs what a request says',
    new RegExp(String.raw`preg_replace\s*\(\s*["'][^"'\n]{0,80}/\w*e\w*["']\s*,[^;\n]{0,100}${REQUEST}`, 'i'),
  ],
  [
    'high',
    'runs what a request says',
    new RegExp(
      String.raw`(\$\w{1,40})\s*=[^;\n]{0,80}${REQUEST}[^;\n]{0,80};[\s\S]{0,400}${RUN}\s*\([^;\n]{0,60}\1\b`,
      'i',
    ),
  ],
  ['high', 'calls the function that a request names', new RegExp(String.raw`${CALL}\s*\(\s*@?${REQUEST}`, 'i')],
  ['high', 'calls the function that a request names', new RegExp(String.raw`${REQUEST}\[[^\]\n]{1,60}\]\s*\(`, 'i')],
  [
    'high',
    'runs what it decodes from itself',
    new RegExp(String.raw`\b(?:eval|assert|create_function)\s*\(\s*(?:@?${DECODE}\s*\(\s*){1,8}`, 'i'),
  ],
  [
    'medium',
    'includes what a request names',
    new RegExp(String.raw`\b(?:include|require)(?:_once)?\s*\(?\s*${REQUEST}`, 'i'),
  ],
  ['medium', 'runs what comes as the body of a request', /\b(?:eval|assert|system)\s*\(\s*[^;\n]{0,100}php:\/\/input/i],
];
const JSP: readonly Sign[] = [
  [
    'high',
    'runs what a request says',
    /getRuntime\(\)\s*\.\s*exec\s*\([^;]{0,300}getParameter|getParameter[^;]{0,300};[\s\S]{0,600}getRuntime\(\)\s*\.\s*exec\s*\(/,
  ],
  ['high', 'runs what a request says', /new\s+ProcessBuilder\s*\([^;]{0,300}getParameter/],
  [
    'high',
    'loads a class that a request brings',
    /defineClass\s*\([\s\S]{0,600}(?:getParameter|getReader|getInputStream)|(?:getParameter|getReader|getInputStream)[\s\S]{0,1500}defineClass\s*\(/,
  ],
];
const ASP: readonly Sign[] = [
  ['high', 'runs what a request says', /\b(?:eval|execute(?:global)?)\s*\(?\s*request\s*[[(.]/i],
  ['high', 'runs what a request says', /Process\.Start\([^;]{0,300}Request\b|Request\b[\s\S]{0,600}ProcessStartInfo/],
];
const SCRIPTS: readonly Sign[] = [
  [
    'high',
    'runs what a request says',
    /\b(?:os\.(?:system|popen)|subprocess\.\w+)\s*\([^\n]{0,200}(?:FieldStorage|getvalue|form\[|request\.(?:args|form|values|GET|POST)|QUERY_STRING)/,
  ],
  [
    'medium',
    'runs commands, and reads a form',
    /FieldStorage\(\)[\s\S]{0,4000}\b(?:os\.(?:system|popen)|subprocess\.)/,
  ],
  ['high', 'runs what a request says', /\b(?:eval|bash\s+-c|sh\s+-c)\b[^\n]{0,100}\$\{?QUERY_STRING/],
  ['medium', 'runs what a request says', /(?:system|exec|`|qx\{)[^\n]{0,100}(?:param\(|\$ENV\{['"]?QUERY_STRING)/],
];
/** Names by which well-known ones greet. */
const NAMES =
  /\b(?:c99shell|r57shell|b374k|FilesMan|WSO\s+\d\.\d|weevely|p0wny|AntSword|Godzilla|Behinder|rebeyond|China\s?Chopper|IndoXploit|Mini\s?Shell|alfa\s?(?:team|shell)|webadmin\.php|PHPJackal|Locus7s|Sh3ll)\b/i;

const LANGUAGES: readonly (readonly [RegExp, readonly Sign[]])[] = [
  [/\.(?:php[3-8]?|phtml|phar|inc)$/i, PHP],
  [/\.(?:jsp[xf]?|war)$/i, JSP],
  [/\.(?:aspx?|ashx|asmx|cfm)$/i, ASP],
  [/\.(?:py|cgi|pl|rb|sh)$/i, SCRIPTS],
];

/** Why a script is one; undefined where nothing speaks for it. */
function signOf({ path, text }: TextRow): readonly [Severity, string] | undefined {
  const signs = LANGUAGES.find(([names]) => names.test(path))?.[1] ?? [];
  // The longest line of a fitted expression is bounded; comments are left as they are, for shells hide in them.
  for (const [severity, why, expression] of signs) if (expression.test(text)) return [severity, why];
  if (NAMES.test(text)) return ['medium', 'has the name of a known web shell in it'];
  return undefined;
}

export const webShell: Rule = {
  id: 'web-shell',
  title: 'a script of the web server runs what its visitors say',
  severity: 'high',
  techniques: ['T1505.003'],
  why: 'Whoever knows its address runs commands as the web server, through its ordinary port.',
  benign:
    'Administration tools that run commands (phpMyAdmin plugins, adminer, consoles of frameworks) uploaded on purpose; compiled templates hold no such call.',
  *judge(tables) {
    for (const row of textsOf(tables, 'web')) {
      const sign = signOf(row);
      if (sign === undefined || (row.before !== undefined && row.before === row.text)) continue;
      const [severity, why] = sign;
      yield {
        summary: `${row.path} was ${verbOf(row)}: it ${why}`,
        references: referencesOf(row),
        severity,
        details: { bytes: row.size, cut: row.cut },
      };
    }
  },
};
