/** What the node measures of itself, in the text format of Prometheus. */
import type { EndedCall } from '@stillframe/cri';
import type { EndedRequest } from '@stillframe/kubelet';
import type { CheckpointFigures } from '@stillframe/runtime';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/** Seconds: a status takes one millisecond, a pull minutes. */
const CALL_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];
/** Seconds that a container stands still. */
const PAUSE_BUCKETS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60];
/** Others count as one: a label is no place for what clients make up. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const REFUSALS = new Set([401, 403, 429]);
const STATES = ['created', 'running', 'exited'] as const;

/** One node's metrics, `stillframe_…`, with those of its process, event loop included. */
export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #calls = new Histogram({
    name: 'stillframe_cri_call_duration_seconds',
    help: 'Duration of CRI calls',
    labelNames: ['method'],
    buckets: CALL_BUCKETS,
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: 'stillframe_cri_call_errors_total',
    help: 'CRI calls that failed, by gRPC status code',
    labelNames: ['method', 'code'],
    registers: [this.#registry],
  });
  readonly #checkpoints = new Counter({
    name: 'stillframe_checkpoints_total',
    help: 'Checkpoints written',
    registers: [this.#registry],
  });
  readonly #bytes = new Counter({
    name: 'stillframe_checkpoint_bytes_total',
    help: 'Bytes of the archives written',
    registers: [this.#registry],
  });
  readonly #pauses = new Histogram({
    name: 'stillframe_checkpoint_pause_seconds',
    help: 'Time that a container stood still for its checkpoint, measured from outside',
    buckets: PAUSE_BUCKETS,
    registers: [this.#registry],
  });
  readonly #rootfs = new Histogram({
    name: 'stillframe_checkpoint_rootfs_seconds',
    help: 'Time that taking the filesystem changes took: a share of the pause where taken="frozen", after it where live',
    labelNames: ['taken'],
    buckets: PAUSE_BUCKETS,
    registers: [this.#registry],
  });
  readonly #removed = new Counter({
    name: 'stillframe_checkpoints_removed_total',
    help: 'Checkpoints that retention removed, by the limit that they were over',
    labelNames: ['limit'],
    registers: [this.#registry],
  });
  readonly #removedBytes = new Counter({
    name: 'stillframe_checkpoints_removed_bytes_total',
    help: 'Bytes of the checkpoints that retention removed',
    registers: [this.#registry],
  });
  readonly #restores = new Counter({
    name: 'stillframe_restores_total',
    help: 'Containers started from a checkpoint',
    registers: [this.#registry],
  });
  readonly #containers = new Gauge({
    name: 'stillframe_containers',
    help: 'Containers of the node by state',
    labelNames: ['state'],
    registers: [this.#registry],
  });

  readonly #requests = new Counter({
    name: 'kubelet_http_requests_total',
    help: 'Requests to the kubelet-compatible API',
    labelNames: ['method', 'path', 'server_type', 'long_running'],
    registers: [this.#registry],
  });
  readonly #requestSeconds = new Histogram({
    name: 'kubelet_http_requests_duration_seconds',
    help: 'Duration of requests to the kubelet-compatible API',
    labelNames: ['method', 'path', 'server_type', 'long_running'],
    buckets: CALL_BUCKETS,
    registers: [this.#registry],
  });
  readonly #refusals = new Counter({
    name: 'stillframe_api_refused_total',
    help: 'Requests to the kubelet-compatible API that were refused, by status: 401, 403, 429',
    labelNames: ['code'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  called({ method, seconds, code }: EndedCall): void {
    this.#calls.observe({ method }, seconds);
    if (code !== 0) this.#errors.inc({ method, code: String(code) });
  }

  checkpointed({ size, truePause, rootfs }: CheckpointFigures): void {
    this.#checkpoints.inc();
    this.#bytes.inc(size);
    this.#pauses.observe(truePause / 1_000_000);
    this.#rootfs.observe({ taken: rootfs.taken }, rootfs.duration / 1_000_000);
  }

  /** A request to the kubelet-compatible API is over. */
  requested({ method, path, status, seconds, longRunning }: EndedRequest): void {
    const known = METHODS.has(method) ? method : 'other';
    const labels = { method: known, path, server_type: 'readwrite', long_running: String(longRunning) };
    this.#requests.inc(labels);
    this.#requestSeconds.observe(labels, seconds);
    if (REFUSALS.has(status)) this.#refusals.inc({ code: String(status) });
  }

  checkpointRemoved(limit: string, bytes: number): void {
    this.#removed.inc({ limit });
    this.#removedBytes.inc(bytes);
  }

  restored(): void {
    this.#restores.inc();
  }

  /** The metrics of this moment. */
  async text(node: { statuses(): Promise<readonly { state: string }[]> }): Promise<MetricsText> {
    const found = await node.statuses();
    for (const state of STATES) {
      this.#containers.set({ state }, found.filter((status) => status.state === state).length);
    }
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
