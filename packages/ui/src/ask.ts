/** Questions to the server that the page came from, as the contract has them. */
import type { Actions, Contract, DeskContract, PostedStreams, Refusal, Streams } from '@stillframe/server/contract';

/** What the server refuses. */
export class Refused extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor({ code, message, hint }: Refusal) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

type Values = Readonly<Record<string, string | number | boolean>>;

/** Throws Refused, and what fetch throws where the server is gone or `signal` aborts. */
export async function ask<Name extends keyof Contract>(
  one: string,
  name: Name,
  asked: Contract[Name]['asked'],
  signal?: AbortSignal,
): Promise<Contract[Name]['answer']> {
  const response = await answered(addressOf(one, name, asked), { signal: signal ?? null });
  return (await response.json()) as Contract[Name]['answer'];
}

/** As ask, about the desk as a whole. */
export async function askDesk<Name extends keyof DeskContract>(
  name: Name,
  asked: DeskContract[Name]['asked'],
  signal: AbortSignal,
): Promise<DeskContract[Name]['answer']> {
  const response = await answered(addressOf('desk', name, asked), { signal });
  return (await response.json()) as DeskContract[Name]['answer'];
}

/** Has something done. Throws as ask does. */
export async function act<Name extends keyof Actions>(
  name: Name,
  asked: Actions[Name]['asked'],
): Promise<Actions[Name]['answer']> {
  const response = await answered(`/api/desk/${name}`, { method: 'POST', body: valuesOf(asked) });
  return (await response.json()) as Actions[Name]['answer'];
}

/** Lines as they come. Throws as ask does. */
export async function* askLines<Name extends keyof Streams>(
  one: string,
  name: Name,
  asked: Streams[Name]['asked'],
  signal: AbortSignal,
): AsyncGenerator<Streams[Name]['line'], void, undefined> {
  yield* linesOf(await answered(addressOf(one, name, asked), { signal }));
}

/** The same, of what is too long for an address. */
export async function* postLines<Name extends keyof PostedStreams>(
  one: string,
  name: Name,
  asked: PostedStreams[Name]['asked'],
  signal: AbortSignal,
): AsyncGenerator<PostedStreams[Name]['line'], void, undefined> {
  yield* linesOf(await answered(`/api/${one}/${name}`, { method: 'POST', body: valuesOf(asked), signal }));
}

async function* linesOf<Line>(response: Response): AsyncGenerator<Line, void, undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    const lines = (rest + next.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Line;
  }
}

/** A connection that stays: to the terminal of a copy. */
export function connect(name: 'terminal', asked: Values): WebSocket {
  const socket = new WebSocket(addressOf('desk', name, asked));
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** Changes the token of the address for a session. */
export async function enter(token: string): Promise<void> {
  await answered('/api/enter', { method: 'POST', body: token });
}

/** Where a question is asked. */
export function addressOf(one: string, name: string, asked: Values): string {
  return `/api/${one}/${name}?${valuesOf(asked)}`;
}

function valuesOf(asked: Values): URLSearchParams {
  return new URLSearchParams(Object.entries(asked).map(([key, value]) => [key, String(value)]));
}

async function answered(address: string, init: RequestInit): Promise<Response> {
  const response = await fetch(address, { ...init, credentials: 'same-origin' });
  if (!response.ok) throw new Refused((await response.json()) as Refusal);
  return response;
}
