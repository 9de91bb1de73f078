/** The variables of one process; values that look secret only for who asks to see them. */
import { compareEnvironment, readEnvironment } from '@stillframe/checkpoint';
import { redactVariable } from '@stillframe/core';
import type { AnswerRoute } from './route.ts';

const MOST = 2000;
const LONGEST = 8192;

export const environment: AnswerRoute<'environment'> = async ({ one, question, signal }) => {
  const { pid } = await one.process(question.number('pid'));
  const shown = question.flag('reveal') ? (text: string) => text : redactVariable;
  const found = await readEnvironment(one.checkpoint.images, pid, { signal });
  const { variables, overwritten } = compareEnvironment(found, one.checkpoint.spec?.process?.env);
  return {
    variables: variables.slice(0, MOST).map(({ since, declared, text }) => ({
      ...{ since, declared },
      text: shown(text).slice(0, LONGEST),
    })),
    overwritten,
    absent: found.block.state === 'absent' ? found.block.reason : null,
  };
};
