/** Captures that several callers share: who asks while one of the same container is under way gets the same archive. */
import { rm } from 'node:fs/promises';
import { orAborted } from '@stillframe/core';
import { type CaptureWishes, captureMetadata } from '@stillframe/cri/client';
import { kubeletError } from '../errors.ts';
import {
  type Asker,
  type Capture,
  type CapturePlace,
  type CaptureTarget,
  type CheckpointRecord,
  captureContainer,
} from './capture.ts';
import { KeyedQueue } from './queue.ts';

/** One caller: who, and how long it waits. */
export interface Caller extends Omit<Asker, 'time' | 'left'> {
  /** Seconds until it gives up. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

export interface SharedCapturesOptions extends CapturePlace {
  /** Captures under way at a time. */
  readonly most: number;
  /**
   * Told of every capture once, before anybody is answered; when it throws, everybody gets that. The signal aborts when nobody
   * waits any more; where it throws for that, the archive is removed.
   */
  readonly onCheckpoint: (record: CheckpointRecord, signal: AbortSignal) => Promise<void> | void;
}

/** A capture under way, and who waits for it. */
interface Shared {
  readonly askers: { -readonly [K in keyof Asker]: Asker[K] }[];
  readonly ending: AbortController;
  /** The runtime has answered. */
  readonly captured: Promise<unknown>;
  /** All has been told, too. */
  readonly record: Promise<CheckpointRecord>;
}

export class SharedCaptures {
  readonly #options: SharedCapturesOptions;
  /** Those that may be joined. */
  readonly #open = new Map<string, Shared>();
  readonly #queue = new KeyedQueue();
  readonly #telling = new Set<Promise<unknown>>();
  #busy = 0;

  constructor(options: SharedCapturesOptions) {
    this.#options = options;
  }

  /**
   * A capture of the target by these wishes, which may be under way already. Each caller waits for its own time; the
   * last to leave ends the capture, and the runtime rolls back. Captures of one container with different wishes are made
   * one after the other. Throws ERR_KUBELET_TIME_OVER, ERR_KUBELET_CAPTURES_BUSY, the reason of the caller's signal, and
   * what `captureContainer` throws.
   */
  async capture(target: CaptureTarget, wishes: CaptureWishes, caller: Caller): Promise<CheckpointRecord> {
    caller.signal.throwIfAborted();
    const key = JSON.stringify([target.container.id, captureMetadata(wishes)]);
    const shared = this.#open.get(key) ?? this.#begin(key, target, wishes);
    const { user, groups, from, auditID } = caller;
    const asker = { user, groups, from, auditID, time: new Date().toISOString(), left: false };
    shared.askers.push(asker);
    const time = new AbortController();
    const timer = setTimeout(
      () => time.abort(kubeletError('ERR_KUBELET_TIME_OVER', 'context deadline exceeded')),
      caller.seconds * 1000,
    );
    const leaving = AbortSignal.any([caller.signal, time.signal]);
    try {
      await orAborted(shared.captured, leaving);
      // The time is the runtime's: how long the archive is read afterwards does not count.
      clearTimeout(timer);
      return await orAborted(shared.record, leaving);
    } finally {
      clearTimeout(timer);
      if (leaving.aborted) this.#leave(key, shared, asker, leaving.reason);
    }
  }

  /** Resolves when nothing is under way any more, the telling of it included. */
  async settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.allSettled(this.#telling);
  }

  #leave(key: string, shared: Shared, asker: { left: boolean }, reason: unknown): void {
    asker.left = true;
    if (shared.askers.some(({ left }) => !left)) return;
    // Nobody may join what is being taken back.
    if (this.#open.get(key) === shared) this.#open.delete(key);
    shared.ending.abort(reason);
  }

  #begin(key: string, target: CaptureTarget, wishes: CaptureWishes): Shared {
    const { most } = this.#options;
    if (this.#busy >= most) {
      throw kubeletError('ERR_KUBELET_CAPTURES_BUSY', `${most} checkpoints are under way already`);
    }
    this.#busy++;
    const askers: Shared['askers'] = [];
    const ending = new AbortController();
    const capturing = this.#queue.run(target.container.id, ending.signal, () =>
      captureContainer(this.#options, target, wishes, ending.signal),
    );
    const captured = capturing.finally(() => {
      // What is finished is no answer to who asks from now on.
      if (this.#open.get(key)?.ending === ending) this.#open.delete(key);
    });
    const record = captured
      .then((capture) => this.#tell(capture, askers, ending.signal))
      .finally(() => {
        this.#busy--;
      });
    // Where all have left nobody else waits for the outcome.
    const told = record.catch(() => undefined).finally(() => this.#telling.delete(told));
    this.#telling.add(told);
    const shared = { askers, ending, captured, record };
    this.#open.set(key, shared);
    return shared;
  }

  async #tell(capture: Capture, askers: Shared['askers'], signal: AbortSignal): Promise<CheckpointRecord> {
    const [first] = askers;
    const askedBy = askers.map((asker) => ({ ...asker }));
    const record = { ...capture, user: first?.user ?? '', from: first?.from ?? '', askedBy };
    try {
      await this.#options.onCheckpoint(record, signal);
    } catch (error) {
      // As where the runtime was not finished: nobody was told of it.
      if (signal.aborted) await rm(capture.path, { force: true });
      throw error;
    }
    return record;
  }
}
