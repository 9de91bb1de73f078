/** The hard limit of open files: every dumped process needs some, and a restore cannot go above it. */
import { readFile } from 'node:fs/promises';
import type { CheckResult, HostCheck } from './check.ts';

/** A container of 500 processes makes 3,500 images; Kubernetes nodes allow far more. */
const ADVISED = 4096;

export const openFiles: HostCheck = {
  id: 'open-files',
  title: 'hard limit of open files',
  required: false,
  probe: async () => judgeOpenFiles(await readFile('/proc/self/limits', 'utf8')),
};

/** Judges the text of /proc/self/limits. */
export function judgeOpenFiles(limits: string): CheckResult {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined) return { status: 'unknown', found: 'no such line in /proc/self/limits' };
  if (hard === 'unlimited' || Number(hard) >= ADVISED) return { status: 'ok', found: hard };
  return { status: 'limited', found: hard, remedy: `raise it (ulimit -Hn) to ${ADVISED} or more` };
}
