/** Requests a second, over all that the controller does: a storm of causes becomes no storm at the API server. */
import { type Clock, sleep } from '../clock.ts';

export class Throttle {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.monotonic();
  }

  /** Waits for its turn; they are in the order in which they were asked for. Throws the reason of the signal. */
  async take(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond) - 1;
    this.#at = now;
    if (this.#tokens >= 0) return;
    await sleep(this.#clock, (-this.#tokens / this.#perSecond) * 1000, signal);
  }
}
