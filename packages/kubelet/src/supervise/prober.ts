/** The probes of the containers of one pod: when they are due, what came of them, who is to be ended for it. */
import { harmless, type Logger } from '@stillframe/core';
import type { Probe } from '../manifest/action-schema.ts';
import type { Container, Pod } from '../manifest/pod-schema.ts';
import { type Asked, act } from './act.ts';
import type { ActualContainer } from './actual.ts';
import { type ProbeKind, ProbeState } from './probe-state.ts';

interface Watch {
  readonly container: Container;
  readonly actual: ActualContainer;
  readonly startedAt: number;
  readonly states: ReadonlyMap<ProbeKind, ProbeState>;
  /** Why it is to be ended, and the grace of the probe that says so, seconds. */
  condemned: { why: string; grace: number | undefined } | undefined;
  timer: NodeJS.Timeout | undefined;
  /** The probe under way. */
  busy: Promise<void> | undefined;
  /** How many want no probes now. */
  quiet: number;
}

export interface ProberOptions {
  readonly logger: Logger;
  /** How a container is asked. */
  readonly asked: (container: ActualContainer, spec: Container) => Omit<Asked, 'signal'>;
  /** Something has changed. */
  readonly changed: () => void;
  readonly now: () => number;
}

/** Milliseconds from the end of a probe until a dump may begin. */
const SETTLE = 100;

const FIELDS = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;

export class Prober implements Disposable {
  readonly #options: ProberOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #ending = new AbortController();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Watches exactly the running containers of the pod. */
  watch(pod: Pod, running: readonly ActualContainer[]): void {
    const specs = new Map([...pod.spec.initContainers, ...pod.spec.containers].map((each) => [each.name, each]));
    for (const [id, watch] of this.#watches) {
      if (running.some((each) => each.id === id)) continue;
      clearTimeout(watch.timer);
      this.#watches.delete(id);
    }
    for (const actual of running) {
      const container = specs.get(actual.name);
      if (!container || this.#watches.has(actual.id)) continue;
      const states = (Object.keys(FIELDS) as ProbeKind[]).flatMap((kind): [ProbeKind, ProbeState][] => {
        const probe = container[FIELDS[kind]];
        return probe ? [[kind, new ProbeState(kind, probe)]] : [];
      });
      const watch: Watch = {
        container,
        actual,
        startedAt: actual.startedAt,
        states: new Map(states),
        condemned: undefined,
        timer: undefined,
        busy: undefined,
        quiet: 0,
      };
      this.#watches.set(actual.id, watch);
      this.#arm(actual, watch);
    }
  }

  condemned(id: string): Watch['condemned'] {
    return this.#watches.get(id)?.condemned;
  }

  /** Begins no probe until disposed, and waits for the one under way: its connection would be half open in a dump. */
  async quiet(id: string): Promise<Disposable> {
    const watch = this.#watches.get(id);
    const last = watch?.busy;
    if (watch) {
      watch.quiet += 1;
      clearTimeout(watch.timer);
    }
    await last;
    // The container may still be closing its end.
    if (watch && watch.states.size > 0) await new Promise((resolve) => setTimeout(resolve, SETTLE));
    return {
      [Symbol.dispose]: () => {
        if (!watch || this.#watches.get(id) !== watch) return;
        watch.quiet -= 1;
        this.#arm(watch.actual, watch);
      },
    };
  }

  /** Whether a running container has passed its startup probe, or has none. */
  started(id: string): boolean {
    const watch = this.#watches.get(id);
    return watch !== undefined && (watch.states.get('startup')?.content ?? true);
  }

  ready(id: string): boolean {
    return this.started(id) && (this.#watches.get(id)?.states.get('readiness')?.content ?? true);
  }

  #arm(actual: ActualContainer, watch: Watch): void {
    const due = this.#next(watch);
    if (!due || watch.busy || watch.quiet > 0) return;
    clearTimeout(watch.timer);
    watch.timer = setTimeout(() => {
      watch.busy = this.#probe(actual, watch, due.state).finally(() => {
        watch.busy = undefined;
        if (this.#watches.get(actual.id) === watch) this.#arm(actual, watch);
      });
    }, due.wait);
    watch.timer.unref();
  }

  #next(watch: Watch): { state: ProbeState; wait: number } | undefined {
    if (watch.condemned || this.#ending.signal.aborted) return undefined;
    const startup = watch.states.get('startup');
    // Until it has started nothing else is asked, and then that no more.
    const states = startup && !startup.content ? [startup] : [...watch.states.values()].filter((s) => s !== startup);
    const now = this.#options.now();
    const due = states.map((state) => ({ state, wait: state.due(watch.startedAt, now) }));
    return due.toSorted((a, b) => a.wait - b.wait)[0];
  }

  async #probe(actual: ActualContainer, watch: Watch, state: ProbeState): Promise<void> {
    const probe: Probe | undefined = watch.container[FIELDS[state.kind]];
    if (!probe) return;
    const at = this.#options.now();
    try {
      const asked = { ...this.#options.asked(actual, watch.container), signal: this.#ending.signal };
      const { success, words } = await act(probe, probe.timeoutSeconds, asked);
      // It may have ended meanwhile.
      if (this.#watches.get(actual.id) !== watch) return;
      const changed = state.take(success, at);
      if (!success) this.#log('debug', actual, `${state.kind} probe failed`, words);
      if (state.failed && state.kind !== 'readiness') {
        const why = `its ${state.kind} probe failed`;
        watch.condemned = { why, grace: probe.terminationGracePeriodSeconds };
        this.#log('warn', actual, `${why}; it is ended`, words);
      }
      if (changed) this.#options.changed();
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }

  #log(level: 'debug' | 'warn', actual: ActualContainer, message: string, words: string): void {
    this.#options.logger.log(level, message, { container: actual.name, id: actual.id, words: harmless(words) });
  }

  [Symbol.dispose](): void {
    this.#ending.abort(new DOMException('probes end', 'AbortError'));
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
    this.#watches.clear();
  }
}
