/** Structured logging, injected: libraries never print. */

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** The default of every library: says nothing. */
export const silentLogger: Logger = { log: () => undefined };
