/** What an OCI runtime says on its standard error, without the dress of its log. */

/** A line of logrus, as runc writes it: `time="…" level=error msg="…"`; conmon may have words of its own before it. */
const LOGRUS = /(?:^|\s)level=\w+ msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))/;

/** The lines that hold words, each as its bare message; lines in no form of a log stay as they are. Raw text. */
export function saidLines(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => messageIn(line.trim()));
  return lines.filter((line) => line !== '');
}

function messageIn(line: string): string {
  const [, quoted, bare] = LOGRUS.exec(line) ?? [];
  if (quoted !== undefined) return unquoted(quoted);
  return bare ?? messageOfJson(line) ?? line;
}

/** Go quotes as JSON does but for `\x1b`, `\a` and `\v`; those stay as they are written. */
function unquoted(text: string): string {
  return text.replace(/\\(["\\nt])/g, (_all, what: string) => ({ n: ' ', t: ' ' })[what] ?? what);
}

/** With `--log-format json`, and crun's answer through conmon. */
function messageOfJson(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : undefined;
  } catch {
    return undefined;
  }
}
