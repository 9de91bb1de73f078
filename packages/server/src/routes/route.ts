/** What a route is: a question of the contract, and who answers it. */
import type { DeskCase } from '../case.ts';
import type { Cases } from '../cases.ts';
import type { Contract, PostedStreams, Streams } from '../contract/index.ts';
import type { Download } from '../http/answer.ts';
import type { Question } from '../http/question.ts';
import type { DeskNode } from '../node/desk-node.ts';
import type { YaraDesk } from '../yara.ts';

/** What a route works with. `signal` aborts when the one who asked goes away. */
export interface DeskCall {
  readonly cases: Cases;
  readonly node: DeskNode | undefined;
  readonly yara: YaraDesk;
  readonly question: Question;
  readonly signal: AbortSignal;
  /** Of Stillframe. */
  readonly version: string;
}

/** The same, of one checkpoint. */
export interface Call extends DeskCall {
  readonly one: DeskCase;
}

/** Answers one question with one value. */
export type AnswerRoute<Name extends keyof Contract> = (call: Call) => Promise<Contract[Name]['answer']>;

/** Answers one question line by line. */
export type StreamRoute<Name extends keyof Streams> = (call: Call) => AsyncIterable<Streams[Name]['line']>;

/** The same, of what was posted. */
export type PostedRoute<Name extends keyof PostedStreams> = (call: Call) => AsyncIterable<PostedStreams[Name]['line']>;

/** Gives a file to be saved. */
export type DownloadRoute = (call: Call) => Promise<Download>;
