/** The node's log: one JSON document a line on stderr. */
import { harmless, type Logger, type LogLevel } from '@stillframe/core';
import type { Io } from '../io.ts';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Lines below `least` are left out. JSON escapes control characters; bidirectional ones are made harmless. */
export function jsonLogger(io: Pick<Io, 'err'>, least: LogLevel = 'info'): Logger {
  return {
    log(level, message, fields = {}) {
      if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
      const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, (_key, value) => {
        if (typeof value === 'bigint') return String(value);
        return typeof value === 'string' ? harmless(value) : value;
      });
      io.err(`${line}\n`);
    },
  };
}
