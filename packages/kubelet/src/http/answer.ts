/** An answer as data; the server alone writes it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer in plain text, as kubelets give for failures. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body, headers };
}

/** An answer of 200 with a body that is JSON already. */
export function json(body: string): Answer {
  return { status: 200, contentType: 'application/json', body };
}
