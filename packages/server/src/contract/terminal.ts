/**
 * A shell in a copy, on a WebSocket at `/api/desk/terminal?container=…&columns=…&rows=…`. What is typed and what is written go as binary
 * messages, these as text.
 */
import type { Refusal } from './refusal.ts';

/** What the page is told. */
export type TerminalNews =
  | { readonly kind: 'opened' }
  | ({ readonly kind: 'refused' } & Refusal)
  /** `message`: how, where it did not end well. */
  | { readonly kind: 'ended'; readonly message: string | null };

/** What the page says. */
export type TerminalWish =
  | { readonly kind: 'size'; readonly columns: number; readonly rows: number }
  /** So many bytes are on the screen: the server sends no more than a little beyond what was taken. */
  | { readonly kind: 'taken'; readonly bytes: number };
