/** The open files of all processes, those that a text stands in. */
import { targetName } from '@stillframe/checkpoint';
import type { OpenFileRow } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Rows that are listed: half a million may be there. */
const MOST = 1000;

export const openfiles: AnswerRoute<'openfiles'> = async ({ one, question, signal }) => {
  const sought = question.text('what').trim().toLowerCase();
  const [open, processes] = await Promise.all([one.open(), one.processes()]);
  const names = new Map(processes.map(({ pid, comm }) => [pid, comm ?? null]));
  const files: OpenFileRow[] = [];
  let total = 0;
  for (const { pid, fd, fileId } of open.descriptors) {
    if (total % 4096 === 0) signal.throwIfAborted();
    const { target } = open.facts(fileId);
    const row = {
      ...{ pid, process: names.get(pid) ?? null, fd: String(fd), type: target.type },
      name: targetName(target, open.files.machine),
      deleted: target.type === 'file' ? target.deleted : target.type === 'memfd',
    };
    const words = [String(pid), row.process ?? '', row.type, row.name, row.deleted ? 'deleted' : ''];
    if (sought !== '' && !words.some((word) => word.toLowerCase().includes(sought))) continue;
    total += 1;
    if (files.length < MOST) files.push(row);
  }
  return { files, total };
};
