/** What a route is: a question of the contract, and who answers it. */
import type { DeskCase } from '../case.ts';
import type { Contract, Streams } from '../contract/index.ts';
import type { Download } from '../http/answer.ts';
import type { Question } from '../http/question.ts';

/** What a route works with. `signal` aborts when the one who asked goes away. */
export interface Call {
  readonly one: DeskCase;
  readonly cases: readonly DeskCase[];
  readonly question: Question;
  readonly signal: AbortSignal;
  /** Of Stillframe. */
  readonly version: string;
}

/** Answers one question with one value. */
export type AnswerRoute<Name extends keyof Contract> = (call: Call) => Promise<Contract[Name]['answer']>;

/** Answers one question line by line. */
export type StreamRoute<Name extends keyof Streams> = (call: Call) => AsyncIterable<Streams[Name]['line']>;

/** Gives a file to be saved. */
export type DownloadRoute = (call: Call) => Promise<Download>;
