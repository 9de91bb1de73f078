/** The desk as a whole, and the node that runs beside it: what is asked of it, and what is done. */
import type { Actions, DeskContract } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { DeskNode } from '../node/desk-node.ts';
import type { LiveTerminal } from '../node/live-node.ts';
import type { DeskCall } from './route.ts';

/** Columns and rows of a terminal. */
const SIZE = { from: 1, to: 1000 };
/** As runtimes give them. */
const ID = /^[\w.-]{1,128}$/;

type Asks<Name extends keyof DeskContract> = (call: DeskCall) => Promise<DeskContract[Name]['answer']>;
type Does<Name extends keyof Actions> = (call: DeskCall) => Promise<Actions[Name]['answer']>;

/** Every question of the contract has its row, or this does not compile. */
export const deskAnswers: { readonly [Name in keyof DeskContract]: Asks<Name> } = {
  facts: async ({ cases, node, yara, version }) => ({
    ...{ version, hasNode: node !== undefined, hasYara: yara.isThere },
    cases: cases.names(),
  }),
  node: (call) => nodeOf(call).facts(call.signal),
  log: (call) => nodeOf(call).log(idIn(call, 'container'), call.signal),
};

/** What is posted. */
export const actions: { readonly [Name in keyof Actions]: Does<Name> } = {
  checkpoint: async (call) => {
    const [container, mostPause] = [idIn(call, 'container'), call.question.text('mostPause')];
    return { job: await nodeOf(call).capture(container, mostPause, call.signal) };
  },
  restore: async (call) => {
    const { cases, question } = call;
    const options = { sinkhole: question.flag('sinkhole'), scrubTokens: question.flag('scrubTokens') };
    return { job: nodeOf(call).restore(cases.find(question.text('one')), options) };
  },
  push: async (call) => {
    const { cases, question } = call;
    const options = { reference: question.text('reference').trim(), sign: question.flag('sign') };
    return { job: nodeOf(call).push(cases.find(question.text('one')), options) };
  },
  remove: async (call) => ({ job: await nodeOf(call).remove(idIn(call, 'sandbox'), call.signal) }),
  stop: async (call) => {
    nodeOf(call).stop(idIn(call, 'job'));
    return {};
  },
};

/** A shell in a copy, by what the address of its connection asks. */
export function terminalOf(call: DeskCall, gone: AbortSignal): Promise<LiveTerminal> {
  const [columns, rows] = [call.question.number('columns', SIZE), call.question.number('rows', SIZE)];
  return nodeOf(call).terminal(idIn(call, 'container'), { columns, rows }, gone);
}

/** Throws ERR_DESK_NO_NODE. */
function nodeOf({ node }: DeskCall): DeskNode {
  if (!node) throw deskError('ERR_DESK_NO_NODE', 'no node ran when the desk was started');
  return node;
}

function idIn({ question }: DeskCall, name: string): string {
  const id = question.text(name);
  if (!ID.test(id)) throw deskError('ERR_DESK_QUESTION', `${name} is no id`);
  return id;
}
