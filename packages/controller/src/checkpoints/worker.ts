/** One look at one Checkpoint: what is to be done next for it, done. All that it knows stands in the object, but for answers just had. */
import { isCode } from '@stillframe/core';
import { timeText } from '../clock.ts';
import type { Ports } from '../ports.ts';
import { isOver } from '../ports.ts';
import { NodeSlots } from '../queue/node-slots.ts';
import { factOf } from '../resources/conditions.ts';
import { objectPath } from '../resources/names.ts';
import type { Checkpoint } from '../resources/object.ts';
import { ask, captured, claim, findTarget, strangeness } from './capture.ts';
import { adoptionOf, delivered, isAdopted } from './collected.ts';
import type { Outcome } from './outcome.ts';
import { isRefusal, liftQuarantine, quarantine, wantsQuarantine } from './quarantine.ts';
import { countedFor, overCount, timeLeft } from './retention.ts';
import { writeStatus } from './write.ts';

/** Milliseconds after its making until which a Checkpoint whose node is not reached is tried. */
const PATIENCE = 600_000;
/** Milliseconds after which one that waits for its node looks again by itself. */
const TURN = 60_000;

export class CheckpointWorker {
  readonly #ports: Ports;
  readonly #slots: NodeSlots;
  /** Nodes of those that wait for their turn, by uid. */
  readonly #nodes = new Map<string, string>();

  /** `again`: this key is to be looked at. */
  constructor(ports: Ports, again: (key: string) => void) {
    this.#ports = ports;
    this.#slots = new NodeSlots(again);
    ports.checkpoints.listen((_key, now, before) => {
      if (now !== undefined || before === undefined) return;
      ports.outcomes.delete(before.uid);
      this.#nodes.delete(before.uid);
    });
  }

  /** Milliseconds until it is to be looked at again. Throws what may be over by then. */
  async work(key: string, signal: AbortSignal): Promise<number | undefined> {
    const checkpoint = this.#ports.checkpoints.get(key);
    if (!checkpoint) return undefined;
    if (checkpoint.fault !== undefined) {
      await this.#tell(checkpoint, 'Warning', 'NotReadable', checkpoint.fault, signal);
      return undefined;
    }
    const { uid, status } = checkpoint;
    const outcome = this.#ports.outcomes.get(uid);
    if (outcome) {
      await this.#finish(checkpoint, outcome, signal);
      return undefined;
    }
    if (checkpoint.deleting) {
      await liftQuarantine(this.#ports, checkpoint, signal);
      return undefined;
    }
    if (isOver(checkpoint)) return await this.#settle(checkpoint, signal);
    if (status.claim === undefined) return await this.#begin(checkpoint, signal);
    await this.#abandon(checkpoint, signal);
    return undefined;
  }

  async #begin(checkpoint: Checkpoint, signal: AbortSignal): Promise<number | undefined> {
    const { uid, key, spec } = checkpoint;
    const known = this.#nodes.get(uid);
    if (known !== undefined && this.#slots.isBusy(known)) {
      this.#slots.take(known, key);
      return TURN;
    }
    const target = await findTarget(this.#ports, checkpoint, signal);
    if ('reason' in target) {
      await this.#end(checkpoint, { kind: 'failed', ...target }, signal);
      return undefined;
    }
    const { node } = target.pod;
    using slot = this.#slots.take(node, key);
    if (!slot) {
      this.#nodes.set(uid, node);
      return TURN;
    }
    this.#nodes.delete(uid);
    const early = spec.quarantine?.when === 'Before' && wantsQuarantine(checkpoint);
    const held = early ? await this.#shutFirst(checkpoint, signal) : checkpoint;
    const claimed = await claim(this.#ports, held, target, signal);
    const outcome = await ask(this.#ports, claimed, signal);
    this.#ports.outcomes.set(uid, outcome);
    await this.#finish(claimed, outcome, signal);
    return undefined;
  }

  /** A quarantine that is refused keeps nobody from the capture: it is tried again after that. */
  async #shutFirst(checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint> {
    try {
      return await quarantine(this.#ports, checkpoint, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return this.#ports.checkpoints.get(checkpoint.key) ?? checkpoint;
    }
  }

  async #finish(checkpoint: Checkpoint, outcome: Outcome, signal: AbortSignal): Promise<void> {
    try {
      await this.#write(checkpoint, outcome, signal);
    } catch (error) {
      // Somebody removed it while its container was captured: the log alone knows of the archive.
      if (!isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
      this.#ports.outcomes.delete(checkpoint.uid);
    }
  }

  async #write(checkpoint: Checkpoint, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { uid, created } = checkpoint;
    if (outcome.kind === 'not-asked' && this.#ports.clock.now() - created < PATIENCE) {
      const fact = captured('False', outcome.reason, outcome.message);
      await writeStatus(this.#ports, checkpoint, { phase: 'Pending', claim: null }, [fact], { signal });
      this.#ports.outcomes.delete(uid);
      throw new Error(outcome.message);
    }
    await this.#end(checkpoint, outcome, signal);
    this.#ports.outcomes.delete(uid);
  }

  /** A claim that nobody in this process made: who asked is gone, and its answer with it. */
  async #abandon(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    const { claim: found, node, container } = checkpoint.status;
    const message = `the kubelet of ${node} was asked for ${container} at ${found?.requestedAt}, and who asked has gone: the archive may be there, from then to ${found?.until}`;
    await this.#end(checkpoint, { kind: 'unknown', reason: 'AnswerLost', message }, signal);
  }

  async #end(checkpoint: Checkpoint, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const completedAt = timeText(this.#ports.clock.now());
    if (outcome.kind === 'captured') {
      await this.#captured(checkpoint, outcome.path, completedAt, signal);
    } else {
      const phase = outcome.kind === 'unknown' ? 'Unknown' : 'Failed';
      const fact = captured(phase === 'Unknown' ? 'Unknown' : 'False', outcome.reason, outcome.message);
      await writeStatus(this.#ports, checkpoint, { phase, completedAt }, [fact], { signal });
      await this.#tell(checkpoint, 'Warning', outcome.reason, outcome.message, signal);
    }
    this.#ports.counted.capture(outcome.kind);
  }

  /** The path is written down before anything else is asked: until then the log alone has it. */
  async #captured(checkpoint: Checkpoint, path: string, completedAt: string, signal: AbortSignal): Promise<void> {
    const { destination } = checkpoint.spec;
    const waits = destination !== undefined && destination.kind !== 'Node';
    const message = `${path} on ${checkpoint.status.node}`;
    const facts = [
      captured('True', 'ArchiveWritten', message),
      ...(waits ? [delivered('False', 'Waiting', 'the collector of the node has not taken it')] : []),
    ];
    const change = { phase: 'Captured', archive: { path }, completedAt } as const;
    const written = await writeStatus(this.#ports, checkpoint, change, facts, { signal });
    const strange = await strangeness(this.#ports, checkpoint, signal);
    if (strange === undefined) return await this.#tell(checkpoint, 'Normal', 'Captured', message, signal);
    const said = `${message}; ${strange}`;
    await writeStatus(this.#ports, written, {}, [captured('True', 'ArchiveWrittenPodChanged', said)], { signal });
    await this.#tell(checkpoint, 'Warning', 'CapturedPodChanged', said, signal);
  }

  /** What comes after a capture: the quarantine, what the collector reports, and one day the end of the object. */
  async #settle(checkpoint: Checkpoint, signal: AbortSignal): Promise<number | undefined> {
    if (wantsQuarantine(checkpoint)) {
      const shut = await quarantine(this.#ports, checkpoint, signal);
      const fact = factOf(shut.status.conditions, 'Quarantined');
      await this.#tell(
        shut,
        fact?.status === 'True' ? 'Normal' : 'Warning',
        `Quarantine${fact?.reason}`,
        fact?.message ?? '',
        signal,
      );
      return undefined;
    }
    const adoption = adoptionOf(checkpoint);
    if (adoption && !isAdopted(checkpoint, adoption)) {
      await writeStatus(this.#ports, checkpoint, adoption.change, adoption.facts, { signal });
      const refused = adoption.facts.find(({ reason }) => reason === 'ReportRefused');
      if (refused) await this.#tell(checkpoint, 'Warning', refused.reason, refused.message, signal);
      return undefined;
    }
    return await this.#retain(checkpoint, signal);
  }

  async #retain(checkpoint: Checkpoint, signal: AbortSignal): Promise<number | undefined> {
    const { clock, checkpoints } = this.#ports;
    for (const each of overCount(checkpoint, checkpoints, clock.now())) await this.#remove(each, signal);
    const left = timeLeft(checkpoint, clock.now());
    const counted = checkpoint.spec.retention?.keep === undefined ? 0 : countedFor(checkpoint, clock.now());
    if (counted > 0) return Math.min(counted, left ?? counted);
    if (left === undefined || left > 0) return left;
    await this.#remove(checkpoint, signal);
    return undefined;
  }

  async #remove(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    await this.#ports.api.remove(objectPath('checkpoints', checkpoint), { uid: checkpoint.uid, signal });
    this.#ports.log.log('info', 'a Checkpoint went by its retention; its archive stays on the node', {
      checkpoint: checkpoint.key,
      archive: checkpoint.status.archive?.path,
    });
  }

  async #tell(about: Checkpoint, type: 'Normal' | 'Warning', reason: string, message: string, signal: AbortSignal) {
    const { kubeNamespace, name, uid } = about;
    await this.#ports.recorder.record(
      { kind: 'Checkpoint', kubeNamespace, name, uid },
      { type, reason, message },
      signal,
    );
  }
}
