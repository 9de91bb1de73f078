/** An answer of the server as a state of the page: it is waited for, it has failed, or it is there. */
import type { Contract, DeskContract, DeskFacts } from '@stillframe/server/contract';
import { useEffect, useState } from 'preact/hooks';
import { ask, askDesk, Refused } from './ask.ts';

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

/** What the desk holds: asked again when something of it says that this has changed. */
export function useDeskFacts(): Asked<DeskFacts> {
  const [answer, look] = useDesk('facts', {}, () => undefined);
  useEffect(() => {
    addEventListener(CHANGED, look);
    return () => removeEventListener(CHANGED, look);
  }, []);
  return answer;
}

const CHANGED = 'desk-changed';

/** Has every useDeskFacts ask again. */
export function deskChanged(): void {
  dispatchEvent(new Event(CHANGED));
}

/**
 * An answer about the whole desk, with what has it asked again at once. `every`: milliseconds until the next time, by the answer, which is
 * undefined where it failed; none where that gives undefined. The last answer stays until the next one is there.
 */
export function useDesk<Name extends keyof DeskContract>(
  name: Name,
  asked: DeskContract[Name]['asked'],
  every: (value: DeskContract[Name]['answer'] | undefined) => number | undefined,
): readonly [Asked<DeskContract[Name]['answer']>, () => void] {
  const key = JSON.stringify([name, asked]);
  const [held, setHeld] = useState<{ key: string; answer: Asked<DeskContract[Name]['answer']> }>({
    key,
    answer: WAITING,
  });
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let next: ReturnType<typeof setTimeout> | undefined;
    const later = (value: DeskContract[Name]['answer'] | undefined) => {
      const wait = every(value);
      if (wait !== undefined) next = setTimeout(look, wait);
    };
    const look = (): void => {
      askDesk(name, asked, stop.signal)
        .then((value) => {
          setHeld({ key, answer: { state: 'there', value } });
          later(value);
        })
        .catch((error: unknown) => {
          if (stop.signal.aborted) return;
          setHeld({ key, answer: failed(error) });
          later(undefined);
        });
    };
    look();
    return () => {
      stop.abort();
      clearTimeout(next);
    };
  }, [key, times]);
  return [held.key === key ? held.answer : WAITING, () => setTimes((count) => count + 1)];
}

export function failed(error: unknown): { state: 'failed'; message: string; hint: string | undefined } {
  if (error instanceof Refused) return { state: 'failed', message: error.message, hint: error.hint };
  return {
    state: 'failed',
    message: 'the desk does not answer',
    hint: '`stillframe ui` may have ended; start it again',
  };
}
