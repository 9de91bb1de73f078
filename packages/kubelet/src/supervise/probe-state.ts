/** What the outcomes of a probe mean, as a state machine without a clock of its own (kubelet, prober/worker). */
import type { Probe } from '../manifest/action-schema.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** How a container stands with one of its probes. */
export class ProbeState {
  readonly kind: ProbeKind;
  readonly #probe: Pick<Probe, 'successThreshold' | 'failureThreshold' | 'initialDelaySeconds' | 'periodSeconds'>;
  #content: boolean;
  #last: boolean | undefined;
  #run = 0;
  /** Milliseconds; undefined before the first. */
  #lastAt: number | undefined;

  constructor(
    kind: ProbeKind,
    probe: Pick<Probe, 'successThreshold' | 'failureThreshold' | 'initialDelaySeconds' | 'periodSeconds'>,
  ) {
    this.kind = kind;
    this.#probe = probe;
    // Nothing is ready or started before it has said so, and alive until it has failed.
    this.#content = kind === 'liveness';
  }

  /** Ready, started or alive. */
  get content(): boolean {
    return this.#content;
  }

  /** Whether failures have reached their threshold: of liveness and startup the container is to be ended. */
  get failed(): boolean {
    return this.#last === false && this.#run >= this.#probe.failureThreshold;
  }

  /** Milliseconds from `now` until it is due, for a container that runs since `startedAt`. */
  due(startedAt: number, now: number): number {
    const first = startedAt + this.#probe.initialDelaySeconds * 1000;
    const next = this.#lastAt === undefined ? first : this.#lastAt + this.#probe.periodSeconds * 1000;
    return Math.max(0, Math.max(first, next) - now);
  }

  /** Takes in an outcome, begun at `at`. Returns whether anything changed for the container. */
  take(success: boolean, at: number): boolean {
    const before = this.#content;
    this.#lastAt = at;
    this.#run = this.#last === success ? this.#run + 1 : 1;
    this.#last = success;
    const { successThreshold, failureThreshold } = this.#probe;
    if (success && this.#run >= successThreshold) this.#content = true;
    if (!success && this.#run >= failureThreshold) this.#content = false;
    return before !== this.#content || (this.failed && this.#run === failureThreshold);
  }
}
