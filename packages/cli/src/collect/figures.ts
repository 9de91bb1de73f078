/** What a collector measures of itself, in the text format of Prometheus, and whether it is alive. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { MetricsText } from '../node/metrics.ts';

/** What lies in the folder and is not where it belongs. */
export interface Standing {
  readonly state: 'placed' | 'waiting' | 'unfinished' | 'refused' | 'failed';
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970 of the capture. */
  readonly time: number;
}

const STATES = ['placed', 'waiting', 'unfinished', 'refused', 'failed'] as const satisfies readonly Standing['state'][];
/** Milliseconds without any sign of life, after which a collector is to be started anew. */
const SILENCE = 600_000;

export class CollectorFigures {
  readonly #registry = new Registry();
  readonly #placed = this.#counter('placed_total', 'Archives that were put where they belong');
  readonly #bytes = this.#counter('placed_bytes_total', 'Bytes of these archives');
  readonly #failures = this.#counter('failures_total', 'Tries that failed, by what was to blame', 'what');
  readonly #lost = this.#counter('lost_total', 'Archives that went from the folder before they were put anywhere');
  readonly #removed = this.#counter('removed_total', 'Archives that retention removed here, by limit', 'limit');
  readonly #archives = this.#gauge('archives', 'Archives in the folder by state', 'state');
  readonly #archiveBytes = this.#gauge('archives_bytes', 'Bytes of them', 'state');
  readonly #oldest = this.#gauge('oldest_waiting_seconds', 'Age of the oldest capture that is not where it belongs');
  readonly #reports = this.#counter('reports_total', 'What became of reports to the controller, by end', 'end');
  readonly #owed = this.#gauge('reports_owed', 'Reports that the controller is still to get');
  readonly #looked = this.#gauge('last_look_timestamp_seconds', 'When the folder was last read to its end');
  #sign = Date.now();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  placed(size: number): void {
    this.#placed.inc();
    this.#bytes.inc(size);
  }

  failed(what: 'archive' | 'elsewhere' | 'folder'): void {
    this.#failures.inc({ what });
  }

  lost(count: number): void {
    this.#lost.inc(count);
  }

  removed(limit: string): void {
    this.#removed.inc({ limit });
  }

  /** `told`: it stands in a Checkpoint. `nobody`: none is about that archive. `dropped`: there were too many that nobody took. */
  reported(end: 'told' | 'nobody' | 'failed' | 'dropped', count = 1): void {
    this.#reports.inc({ end }, count);
  }

  owes(count: number): void {
    this.#owed.set(count);
  }

  /** Something moved on. */
  alive(): void {
    this.#sign = Date.now();
  }

  looked(standings: readonly Standing[], now = Date.now()): void {
    this.alive();
    this.#looked.set(now / 1000);
    for (const state of STATES) {
      const those = standings.filter((each) => each.state === state);
      this.#archives.set({ state }, those.length);
      this.#archiveBytes.set(
        { state },
        those.reduce((sum, { size }) => sum + size, 0),
      );
    }
    const waiting = standings.filter(({ state }) => state !== 'placed').map(({ time }) => time);
    this.#oldest.set(waiting.length === 0 ? 0 : Math.max(0, (now - Math.min(...waiting)) / 1000));
  }

  /** Why it is not alive; undefined where it is. A destination that is down is no reason: a new start would not help. */
  silence(now = Date.now()): string | undefined {
    const silent = now - this.#sign;
    return silent > SILENCE ? `nothing has moved for ${Math.round(silent / 1000)} s` : undefined;
  }

  async text(): Promise<MetricsText> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name: `stillframe_collector_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, ...labelNames: string[]): Gauge {
    return new Gauge({ name: `stillframe_collector_${name}`, help, labelNames, registers: [this.#registry] });
  }
}
