/** A result that is to be a new file. */
import { stat } from 'node:fs/promises';
import { harmless } from '@stillframe/core';
import { cliError } from '../usage.ts';

/** Throws ERR_OUTPUT_EXISTS, before minutes are spent; who comes first is decided when it is written. */
export async function demandNew(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  throw cliError('ERR_OUTPUT_EXISTS', `${harmless(path)} exists already`);
}
