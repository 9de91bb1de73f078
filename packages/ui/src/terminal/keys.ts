/** What a key sends to a program on a terminal: the sequences of xterm, as every terminfo has them. */

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey'>;

const ESC = '\u001b';
const ARROWS: Readonly<Record<string, string>> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  End: 'F',
  Home: 'H',
};
const OTHERS: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\u007f',
  Tab: '\t',
  Escape: ESC,
  ...{ Insert: `${ESC}[2~`, Delete: `${ESC}[3~`, PageUp: `${ESC}[5~`, PageDown: `${ESC}[6~` },
  ...{ F1: `${ESC}OP`, F2: `${ESC}OQ`, F3: `${ESC}OR`, F4: `${ESC}OS`, F5: `${ESC}[15~`, F6: `${ESC}[17~` },
  ...{ F7: `${ESC}[18~`, F8: `${ESC}[19~`, F9: `${ESC}[20~`, F10: `${ESC}[21~`, F11: `${ESC}[23~`, F12: `${ESC}[24~` },
};

/**
 * Undefined for what is the browser's: letters, which come as text, and Shift+Tab, which leaves the terminal. `isApplication`: whether
 * the program asked for the other kind of arrow keys.
 */
export function sequenceOf(
  { key, ctrlKey, altKey, metaKey, shiftKey }: Key,
  isApplication: boolean,
): string | undefined {
  if (metaKey || (key === 'Tab' && (shiftKey || ctrlKey || altKey))) return undefined;
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    const modifier = 1 + (shiftKey ? 1 : 0) + (altKey ? 2 : 0) + (ctrlKey ? 4 : 0);
    if (modifier > 1) return `${ESC}[1;${modifier}${arrow}`;
    return `${ESC}${isApplication ? 'O' : '['}${arrow}`;
  }
  const other = OTHERS[key];
  if (other !== undefined) return altKey ? ESC + other : other;
  // With Shift, or beyond letters, Ctrl is the browser's: copy, new window, sizes of letters.
  if (ctrlKey && !altKey && !shiftKey && /^[a-z@[\\\]^_ ]$/.test(key))
    return key === ' ' ? '\0' : String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f);
  if (altKey && !ctrlKey && /^[\x21-\x7e]$/.test(key)) return ESC + key;
  return undefined;
}
