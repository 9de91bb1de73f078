/** An answer as data; the server alone writes it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** Text and bytes have a length; anything else is sent in chunks as it comes. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the audit log. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where the streams of a request are served: the connection is handed on to it. */
export interface Upgrade {
  readonly upgradeTo: URL;
}

/** An answer in plain text, as kubelets give for failures. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body, headers };
}

/** An answer of 200 with a body that is JSON already. */
export function json(body: string | Uint8Array): Answer {
  return { status: 200, contentType: 'application/json', body };
}

/** Too many at a time; `seconds`: when to try again. */
export function tooMany(seconds: number): Answer {
  return text(429, 'Too many requests, please try again later.\n', { 'retry-after': String(seconds) });
}
