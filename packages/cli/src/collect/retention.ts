/** What goes from the folder once it is where it belongs: by the rules of `checkpoints prune`, or all of it; nothing else ever. */
import { planRetention, type RetentionPolicy, reasonText } from '@stillframe/checkpoint';
import { type Logger, messageOf } from '@stillframe/core';
import { holdUsed } from '../checkpoints/in-use.ts';
import { completeRemovals, removeUnits } from '../checkpoints/remove.ts';
import { scanFolder } from '../checkpoints/scan.ts';
import { type CheckpointUnit, hold } from '../checkpoints/unit.ts';
import type { FoundArchive } from './archives.ts';
import type { Destination } from './destination.ts';
import type { CollectorFigures } from './figures.ts';
import type { StateFolder } from './state-folder.ts';

export interface LocalRetentionOptions {
  readonly folder: string;
  /** Undefined: each goes as soon as it is placed. */
  readonly policy: RetentionPolicy | undefined;
  readonly state: StateFolder;
  readonly destination: Destination;
  readonly figures: CollectorFigures;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export class LocalRetention {
  readonly #options: LocalRetentionOptions;

  constructor(options: LocalRetentionOptions) {
    this.#options = options;
  }

  /** `placed`: those that a record says are where they belong; each is asked for there once more before it goes. Logs what fails. */
  async apply(placed: readonly FoundArchive[]): Promise<void> {
    const { folder, logger, signal } = this.#options;
    try {
      await completeRemovals(folder);
      if (placed.length > 0) await this.#remove(new Map(placed.map((each) => [each.path, each])));
    } catch (error) {
      signal.throwIfAborted();
      logger.log('error', 'retention of collected archives failed', { reason: messageOf(error) });
    }
  }

  async #remove(placed: ReadonlyMap<string, FoundArchive>): Promise<void> {
    const { folder, logger, signal, figures } = this.#options;
    const units = (await holdUsed(await scanFolder(folder, { signal }), '')).map((unit) =>
      placed.has(unit.path) ? unit : hold(unit, 'not pushed', true),
    );
    for (const { unit, limit, reason } of this.#going(units)) {
      const archive = placed.get(unit.path);
      if (!archive || !(await this.#isThere(archive))) continue;
      await removeUnits(
        [unit],
        (_unit, result) => {
          if (result !== 'removed') return;
          figures.removed(limit);
          logger.log('info', 'archive removed here', { name: unit.name, reason });
        },
        signal,
      );
    }
  }

  #going(units: readonly CheckpointUnit[]): { unit: CheckpointUnit; limit: string; reason: string }[] {
    const { policy } = this.#options;
    if (policy) {
      return planRetention(units, policy, Date.now()).units.flatMap((each) =>
        each.goes ? [{ unit: each.unit, limit: each.cause.limit, reason: reasonText(each) }] : [],
      );
    }
    const free = units.filter(({ pinned, held }) => !pinned && !held);
    return free.map((unit) => ({ unit, limit: 'pushed', reason: 'it is where it belongs' }));
  }

  /** What is not is pushed again, from the archive that is still here. */
  async #isThere(archive: FoundArchive): Promise<boolean> {
    const { state, destination, logger, signal } = this.#options;
    const record = state.recordOf(archive);
    if (!record?.placed) return false;
    if (await destination.holds(record, signal)) return true;
    const { placed, ...rest } = record;
    logger.log('error', 'an archive is not where it was put; it is pushed again', {
      name: archive.name,
      reference: placed.reference,
    });
    await state.keep(rest);
    return false;
  }
}
