/** Commands that an intruder leaves behind for later, and that those who run a service seldom write. */

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
  [
    'runs a program out of a folder for temporary files',
    /(?:^|[\s;&|"'=(])\/(?:tmp|var\/tmp|dev\/shm)\/[\w.\-/]+(?=[\s;&|"')]|$)/m,
  ],
  ['runs a hidden program', /(?:^|[\s;&|"'=(])\/(?:[\w.-]+\/)*\.[\w-][\w.-]*\/[\w.-]+(?=[\s;&|"')]|$)/m],
  ['mines', /\b(?:xmrig|minerd|cpuminer|stratum\+(?:tcp|ssl)|nicehash|cryptonight|kinsing|kdevtmpfsi)\b/i],
  ['turns off what keeps a history', /\bunset\s+HISTFILE\b|\bHISTFILE=\/dev\/null|\bHISTSIZE=0\b/],
];

/** Why a text is suspicious as a command; undefined where it is not. */
export function suspiciousCommand(text: string): string | undefined {
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

/** Lines that say something: no blank ones and no comments. */
export function tellingLines(text: string): readonly string[] {
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
