/** A shell in a copy: keys go to it, what it writes goes through a terminal emulator onto a screen of text. */
import type { TerminalNews, TerminalWish } from '@stillframe/server/contract';
import { Terminal as Emulator } from '@xterm/headless';
import type { VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { connect } from '../ask.ts';
import { h } from '../element.ts';
import { link, panel } from '../parts/parts.ts';
import { refusal } from '../parts/question.ts';
import { linkTo } from '../route.ts';
import { sequenceOf } from '../terminal/keys.ts';
import { screenRows } from '../terminal/screen.ts';

export interface TerminalProps {
  readonly one: string;
  /** Of a container of a copy that this desk made. */
  readonly id: string;
  /** Its address. */
  readonly name: string;
}

const ROWS = 24;
/** Columns at least and at most; lines that are kept above. */
const [FEWEST, MOST, KEPT] = [20, 200, 1000];
/** Bytes of one message: what is pasted may be long. */
const PIECE = 16 << 10;

type State = { readonly kind: 'waiting' | 'opened' } | Extract<TerminalNews, { kind: 'refused' | 'ended' }>;

export function Terminal({ one, id, name }: TerminalProps): VNode {
  const [state, setState] = useState<State>({ kind: 'waiting' });
  const [isHere, setHere] = useState(false);
  const [, draw] = useState(0);
  const held = useRef<Held>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const hint = useId();
  useEffect(() => {
    const opened = hold(id, columnsOf(box.current), setState, () => draw((times) => times + 1));
    held.current = opened;
    const watch = new ResizeObserver(() => opened.resize(columnsOf(box.current)));
    if (box.current) watch.observe(box.current);
    return () => {
      watch.disconnect();
      opened.close();
    };
  }, [id]);
  useEffect(() => {
    if (state.kind === 'opened') input.current?.focus();
  }, [state.kind]);
  const onKeyDown = (event: KeyboardEvent) => {
    const emulator = held.current?.emulator;
    if (!emulator || event.isComposing) return;
    if (event.shiftKey && (event.key === 'PageUp' || event.key === 'PageDown'))
      emulator.scrollPages(event.key === 'PageUp' ? -1 : 1);
    else {
      const sequence = sequenceOf(event, emulator.modes.applicationCursorKeysMode);
      if (sequence === undefined) return;
      held.current?.type(sequence);
    }
    event.preventDefault();
    draw((times) => times + 1);
  };
  const onInput = (event: Event) => {
    const field = event.target as HTMLTextAreaElement;
    if ((event as InputEvent).isComposing) return;
    held.current?.type(field.value.replaceAll(/\r?\n/g, '\r'));
    field.value = '';
  };
  const onPaste = (event: ClipboardEvent) => {
    event.preventDefault();
    held.current?.paste(event.clipboardData?.getData('text/plain') ?? '');
  };
  const onWheel = (event: WheelEvent) => {
    const emulator = held.current?.emulator;
    const before = emulator?.buffer.active.viewportY;
    emulator?.scrollLines(Math.sign(event.deltaY) * 3);
    // At its ends the page moves on.
    if (emulator?.buffer.active.viewportY !== before) event.preventDefault();
    draw((times) => times + 1);
  };
  // What is marked to be copied stays marked.
  const onMouseUp = () => getSelection()?.isCollapsed && input.current?.focus();
  const emulator = held.current?.emulator;
  return panel(
    `Terminal of ${name}`,
    [
      h(
        'p',
        { class: 'hint', id: hint },
        'A shell in the copy, and never in the original. What is typed changes the copy alone, which is then no more what was captured. ',
        h('strong', null, 'Shift+Tab leaves the terminal'),
        '; Shift+Page Up and Page Down look back. Nothing that is written here reaches the page, its title or the clipboard.',
      ),
      h(
        'div',
        { class: `terminal${isHere ? ' here' : ''}`, ref: box, onMouseUp, onWheel },
        h(
          'div',
          { class: 'screen', role: 'log', 'aria-label': `Screen of ${name}` },
          emulator && screenRows(emulator, isHere),
        ),
        h('textarea', {
          ...{ ref: input, class: 'terminal-input', rows: 1, spellcheck: false, autocomplete: 'off' },
          ...{ autocapitalize: 'off', 'aria-label': `Keys for ${name}`, 'aria-describedby': hint },
          ...{ disabled: state.kind !== 'opened', onKeyDown, onInput, onPaste },
          onFocus: () => setHere(true),
          onBlur: () => setHere(false),
        }),
      ),
      state.kind === 'waiting' && h('p', { role: 'status' }, 'Starting a shell…'),
      state.kind === 'ended' &&
        h(
          'p',
          { role: 'status' },
          state.message === null ? 'The shell has ended.' : `The shell has ended: ${state.message}`,
        ),
      state.kind === 'refused' && refusal(state),
    ],
    { aside: link(linkTo(one, 'node'), 'Close') },
  );
}

interface Held {
  readonly emulator: Emulator;
  type(text: string): void;
  paste(text: string): void;
  resize(columns: number): void;
  close(): void;
}

/** A connection with its emulator, until it is closed; `draw` is called when the screen has changed, once a frame at most. */
function hold(id: string, columns: number, tell: (state: State) => void, draw: () => void): Held {
  // Of what terminals can do besides, nothing is there: no links, no clipboard, no title, and no reports of windows.
  const emulator = new Emulator({
    cols: columns,
    rows: ROWS,
    scrollback: KEPT,
    allowProposedApi: true,
    logLevel: 'off',
  });
  const socket = connect('terminal', { container: id, columns, rows: ROWS });
  const say = (wish: TerminalWish) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(wish));
  let frame = 0;
  let isOver = false;
  let isClosed = false;
  const later = () => {
    if (!isClosed)
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
  };
  const over = (state: State) => {
    if (isOver) return;
    isOver = true;
    tell(state);
  };
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') {
      const news = JSON.parse(data) as TerminalNews;
      if (news.kind === 'opened') tell(news);
      // What it wrote last is seen first.
      else emulator.write('', () => over(news));
      return;
    }
    emulator.write(new Uint8Array(data), () => {
      say({ kind: 'taken', bytes: data.byteLength });
      later();
    });
  };
  // After what came before it.
  socket.onclose = () =>
    isClosed || emulator.write('', () => over({ kind: 'ended', message: 'the connection has ended' }));
  const type = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length && socket.readyState === WebSocket.OPEN; at += PIECE)
      socket.send(bytes.subarray(at, at + PIECE));
    emulator.scrollToBottom();
  };
  // What programs ask of a terminal, as where its cursor is.
  emulator.onData(type);
  return {
    emulator,
    type,
    paste(text) {
      // Of control characters only ends of lines and tabs: an escape would end what marks it as pasted.
      const plain = text.replaceAll(/\r?\n/g, '\r').replaceAll(/[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f]/g, '');
      type(emulator.modes.bracketedPasteMode ? `\u001b[200~${plain}\u001b[201~` : plain);
    },
    resize(next) {
      if (next === emulator.cols) return;
      emulator.resize(next, ROWS);
      say({ kind: 'size', columns: next, rows: ROWS });
      later();
    },
    close() {
      isOver = true;
      isClosed = true;
      cancelAnimationFrame(frame);
      socket.onmessage = null;
      socket.close();
      emulator.dispose();
    },
  };
}

/** As many as fit, by the width of the letters. */
function columnsOf(box: HTMLElement | null): number {
  if (!box) return 80;
  const probe = document.createElement('span');
  probe.className = 'screen-row probe';
  probe.textContent = 'm'.repeat(100);
  box.append(probe);
  const letter = probe.getBoundingClientRect().width / 100;
  probe.remove();
  const room = box.clientWidth - 2 * PADDING;
  return Math.max(FEWEST, Math.min(MOST, Math.floor(room / (letter || 8))));
}

/** Pixels, as the style has it. */
const PADDING = 12;
