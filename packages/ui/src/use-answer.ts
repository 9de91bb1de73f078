/** An answer of the server as a state of the page: it is waited for, it has failed, or it is there. */
import type { Contract } from '@stillframe/server/contract';
import { useEffect, useState } from 'preact/hooks';
import { ask, Refused } from './ask.ts';

export type Asked<Value> =
  | { readonly state: 'waiting' }
  | { readonly state: 'failed'; readonly message: string; readonly hint: string | undefined }
  | { readonly state: 'there'; readonly value: Value };

const WAITING = { state: 'waiting' } as const;

/** Asks again when the question changes; what is not waited for any more is called off. Undefined asks nothing. */
export function useAnswer<Name extends keyof Contract>(
  one: string,
  name: Name,
  asked: Contract[Name]['asked'] | undefined,
): Asked<Contract[Name]['answer']> {
  const key = JSON.stringify([one, name, asked]);
  const [held, setHeld] = useState<{ key: string; answer: Asked<Contract[Name]['answer']> }>({ key, answer: WAITING });
  useEffect(() => {
    if (asked === undefined) return undefined;
    const stop = new AbortController();
    ask(one, name, asked, stop.signal)
      .then((value) => setHeld({ key, answer: { state: 'there', value } }))
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setHeld({ key, answer: failed(error) });
      });
    return () => stop.abort();
    // The key is the question.
  }, [key]);
  return held.key === key ? held.answer : WAITING;
}

export function failed(error: unknown): { state: 'failed'; message: string; hint: string | undefined } {
  if (error instanceof Refused) return { state: 'failed', message: error.message, hint: error.hint };
  return {
    state: 'failed',
    message: 'the desk does not answer',
    hint: '`stillframe ui` may have ended; start it again',
  };
}
