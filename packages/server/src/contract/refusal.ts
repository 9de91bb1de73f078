/** How the server says no. */

/** How a question is refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
