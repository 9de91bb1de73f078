/** Where one is: the part of the address behind `#`, which is the page's own: `#/0/memory/7/0x7f00`. */
import { useEffect, useState } from 'preact/hooks';

export interface Place {
  /** Of the checkpoint. */
  readonly one: string;
  readonly view: string;
  /** What the view itself goes by. */
  readonly rest: readonly string[];
}

/** The place as the address has it; the overview of the first checkpoint for anything else. */
export function placeOf(hash: string): Place {
  const [one = '', view = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  return /^\d+$/.test(one) ? { one, view: view || 'overview', rest } : { one: '0', view: 'overview', rest: [] };
}

/** The address of a place, for links. */
export function linkTo(one: string, view: string, ...rest: readonly (string | number)[]): string {
  return `#/${[one, view, ...rest].map((each) => encodeURIComponent(String(each))).join('/')}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** The place, and again whenever it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const changed = () => setPlace(placeOf(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return place;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
