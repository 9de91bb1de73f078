/** Making text from evidence harmless before a terminal, a log or a page sees it, and hiding what looks secret. */

const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * `text` with every control, bidirectional and invisible character written as an escape (`\x1b`, `\u202e`), so that a
 * process name can neither move a cursor nor forge a line. Lone surrogates become U+FFFD.
 */
export function harmless(text: string): string {
  return text.toWellFormed().replace(UNSAFE, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    const code = char.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    if (code < 0x100) return `\\x${digits.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
  });
}

const SECRET_NAME =
  /pass(word|wd|phrase)?|secret|token|api_?key|private_?key|credential|auth|cookie|session|dsn|connection_?string/i;

/** Whether an environment variable of this name commonly holds a secret. */
export function namesSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** `NAME=value` with the value replaced by its length where the name commonly holds a secret. */
export function redactVariable(variable: string): string {
  const equals = variable.indexOf('=');
  if (equals < 0 || !namesSecret(variable.slice(0, equals))) return variable;
  return `${variable.slice(0, equals)}=${redacted(variable.slice(equals + 1))}`;
}

const HEADER = /^((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth)[\w-]*)(\s*:\s*)(.+)$/is;
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:)([^\s/@]+)(@)/gi;

/**
 * Arguments of a program with what looks secret replaced by its length: values of options and variables whose name commonly holds a
 * secret (`--password=x`, `--token x`, `API_KEY=x`), passwords in URLs, and headers that say who one is. What a program takes by
 * place or by a short option nobody can tell.
 */
export function redactArguments(args: readonly string[]): readonly string[] {
  return args.map((argument, index) => {
    const before = index === 0 ? '' : (args[index - 1] ?? '');
    const option = /^--?([\w-]{3,})$/.exec(before)?.[1];
    if (option !== undefined && namesSecret(option) && !argument.startsWith('-')) return redacted(argument);
    return argument
      .replace(/^(--?[\w.-]+|\w+)=(.+)$/s, (whole, name: string, value: string) =>
        namesSecret(name) ? `${name}=${redacted(value)}` : whole,
      )
      .replace(HEADER, (_, name: string, colon: string, value: string) => `${name}${colon}${redacted(value)}`)
      .replace(USER_INFO, (_, before: string, password: string, after: string) => before + redacted(password) + after);
  });
}

function redacted(value: string): string {
  return `<redacted, ${value.length} characters>`;
}
