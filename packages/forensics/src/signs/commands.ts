/** Commands that an intruder leaves behind for later, and that those who run a service seldom write. */

/** Where a command stands: at the start of a line of a shell, of cron or of a unit, or behind a word that runs the next. */
const COMMAND = String.raw`(?:^\s*|[;&|(\x60]\s*|\b(?:exec|nohup|setsid|sudo|sh|bash|source|env|then|do|else)\s+|^\s*\.\s+|^Exec\w+=[-@:+!]*|^(?:[\d*/,-]+\s+){5}(?:[a-z_][\w-]*\s+)?|^@\w+\s+(?:[a-z_][\w-]*\s+)?|^\S*::\w+:)`;

const SIGNS: readonly (readonly [why: string, RegExp])[] = [
  ['opens a connection of the shell itself', /\/dev\/(?:tcp|udp)\/[^\s]+/],
  [
    'runs what it fetches',
    /\b(?:curl|wget|nc|ncat|fetch)\b[^\n]{0,400}\|\s*(?:sudo\s+)?(?:\S*\/)?(?:ba|da|z|k|a)?sh\b/,
  ],
  ['runs what it fetches', /\b(?:ba|da|z)?sh\s+-c\s+["']?\$\((?:curl|wget)\b|(?:ba|z)?sh\s+<\(\s*(?:curl|wget)/],
  ['runs what it decodes', /\bbase(?:64|32)\s+(?:-d|-D|--decode)\b[^\n]{0,200}\|\s*(?:\S*\/)?(?:ba|da|z)?sh\b/],
  [
    'gives a shell to a connection',
    /\bn(?:et)?c(?:at)?\b[^\n]{0,200}\s-(?:e|c)\s*\S*sh\b|\bsocat\b[^\n]{0,200}\bexec:/i,
  ],
  ['gives a shell to a connection', /\bmkfifo\b[^\n]{0,200}\b(?:nc|ncat|telnet|openssl)\b/],
  ['gives a shell to a connection', /socket\.socket\([^\n]{0,400}(?:dup2|subprocess|pty\.spawn)/],
  ['runs a program out of a folder for temporary files', new RegExp(`${COMMAND}/(?:tmp|var/tmp|dev/shm)/[\\w.-]`, 'm')],
  ['runs a hidden program', new RegExp(`${COMMAND}/(?:[\\w-][\\w.-]*/)*\\.[\\w-][\\w.-]*/[\\w.-]`, 'm')],
  ['mines', /\b(?:xmrig|minerd|cpuminer|stratum\+(?:tcp|ssl)|nicehash|cryptonight|kinsing|kdevtmpfsi)\b/i],
  ['turns off what keeps a history', /\bunset\s+HISTFILE\b|\bHISTFILE=\/dev\/null|\bHISTSIZE=0\b/],
];

/** Why a text is suspicious as a command; undefined where it is not. */
export function suspiciousCommand(text: string): string | undefined {
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

/** Lines that say something: no blank ones and no comments. */
function tellingLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#;]/.test(line));
}

/** Lines of `text` that the file of the image did not have; all of them where there was none. */
export function newLines(text: string, before: string | undefined): readonly string[] {
  const known = new Set(tellingLines(before ?? ''));
  return tellingLines(text).filter((line) => !known.has(line));
}
