/** What a request asks, taken from its address: everything is bounded and judged before it is used. */
import { deskError } from '../errors.ts';

const BIGGEST = 2 ** 31 - 1;
const LONGEST = 4096;

/** The values behind the `?` of a request. Each reader throws ERR_DESK_QUESTION for what is not as it ought to be. */
export class Question {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** Empty where it is not given. */
  text(name: string): string {
    const value = this.#values.get(name) ?? '';
    if (value.length > LONGEST) throw deskError('ERR_DESK_QUESTION', `${name} has more than ${LONGEST} characters`);
    return value;
  }

  /** A text of at most so many characters, which was posted. */
  longText(name: string, most: number): string {
    const value = this.#values.get(name) ?? '';
    if (value.length > most) throw deskError('ERR_DESK_TOO_LARGE', `${name} has more than ${most} characters`);
    return value;
  }

  oneOf<Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
    const value = this.text(name);
    const found = words.find((word) => word === value);
    if (found === undefined) throw deskError('ERR_DESK_QUESTION', `${name} is one of ${words.join(', ')}`);
    return found;
  }

  flag(name: string): boolean {
    return this.oneOf(name, ['true', 'false']) === 'true';
  }

  /** A whole number from `from` to `to`. */
  number(name: string, { from = 0, to = BIGGEST }: { from?: number; to?: number } = {}): number {
    const value = this.text(name);
    const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= from && number <= to))
      throw deskError('ERR_DESK_QUESTION', `${name} is a number from ${from} to ${to}`);
    return number;
  }

  address(name: string): bigint {
    const value = this.text(name);
    if (!/^0x[0-9a-f]{1,16}$/.test(value)) throw deskError('ERR_DESK_QUESTION', `${name} is an address such as 0x7f00`);
    return BigInt(value);
  }
}
