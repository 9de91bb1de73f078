/** What the controller measures of itself, in the text format of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { TermOptions } from '../term.ts';

export class Figures {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'stillframe_controller_requests_total',
    help: 'Answers of the API server, by method and status; watches count once',
    labelNames: ['method', 'code'],
    registers: [this.#registry],
  });
  readonly #captures = new Counter({
    name: 'stillframe_controller_captures_total',
    help: 'Checkpoints that came to an end: captured, failed, unknown, not-asked',
    labelNames: ['end'],
    registers: [this.#registry],
  });
  readonly #causes = new Counter({
    name: 'stillframe_controller_causes_total',
    help: 'Causes that policies were told of, by trigger and what became of them: make, duplicate, limited',
    labelNames: ['trigger', 'result'],
    registers: [this.#registry],
  });
  readonly #alerts = new Counter({
    name: 'stillframe_controller_alerts_total',
    help: 'Requests to the webhook, by status',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  readonly #leads = new Gauge({
    name: 'stillframe_controller_leader',
    help: '1 while this process is the one that works',
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  readonly counted: TermOptions['counted'] = {
    capture: (end) => this.#captures.inc({ end }),
    cause: (trigger, result) => this.#causes.inc({ trigger, result }),
    request: (method, status) => this.#requests.inc({ method, code: String(status) }),
  };

  leads(is: boolean): void {
    this.#leads.set(is ? 1 : 0);
  }

  alert(status: number): void {
    this.#alerts.inc({ code: String(status) });
  }

  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
