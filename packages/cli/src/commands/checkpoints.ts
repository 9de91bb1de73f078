/** `stillframe checkpoints`: what lies in a folder of checkpoints, and what of it stays. */
import { sizeOf } from '@stillframe/checkpoint';
import { bytesText, harmless, microsecondsText, systemCode } from '@stillframe/core';
import { foldersOf } from '@stillframe/runtime/place';
import type { Command } from 'commander';
import { findUnit } from '../checkpoints/find.ts';
import { holdUsed } from '../checkpoints/in-use.ts';
import { pin, unpin } from '../checkpoints/pin.ts';
import { carryOut, planFolder } from '../checkpoints/prune.ts';
import { completeRemovals, type Removal, removeUnits } from '../checkpoints/remove.ts';
import { scanFolder } from '../checkpoints/scan.ts';
import type { CheckpointUnit } from '../checkpoints/unit.ts';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import {
  agreed,
  type ConsentOptions,
  demandConsent,
  demandPolicy,
  type RuleOptions,
  withConsent,
  withRules,
} from '../retention/options.ts';
import { countText, goingOf, planBody, planTable, tellUnmet, timeText, timeValue } from '../retention/view.ts';
import { cliError } from '../usage.ts';
import { type NodePlace, outputOption, type RegisterCommand, withNodePlace } from './command.ts';

const FOLDER_HELP = 'folder with checkpoints; that of the node by default';
const ARCHIVE_HELP = 'archive, folder of a pod’s checkpoint, or a name in the folder of the node';

interface Output {
  output: string;
}

export const checkpoints: RegisterCommand = (program, io, done) => {
  const group = program
    .command('checkpoints')
    .description('Checkpoints in a folder: list, rm, pin, unpin, prune (docs/retention.md)');
  registerList(group, io);
  registerRemove(group, io);
  registerPins(group, io);
  registerPrune(group, io, done);
};

function registerList(group: Command, io: Io): void {
  withNodePlace(group.command('list'))
    .description('What lies there, the newest first; by names and evidence, no archive is opened')
    .argument('[folder]', FOLDER_HELP)
    .addOption(outputOption('table', 'json'))
    .action(async (given: string | undefined, { output, ...place }: NodePlace & Output) => {
      const folder = given ?? foldersOf(place).checkpoints;
      const found = await scanned(folder, given, io.signal);
      if (found.length === 0)
        io.err(
          `note: no checkpoint has a name that a kubelet gives (checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar) in ${harmless(folder)}\n`,
        );
      const units = found.sort((a, b) => (b.time ?? 0) - (a.time ?? 0) || (a.name < b.name ? -1 : 1));
      if (output === 'json') io.out(renderJson('CheckpointList', 1, { folder, checkpoints: units.map(bodyOf) }));
      else io.out(listTable(units));
    });
}

/** Throws ERR_CHECKPOINT_UNKNOWN where the node's own folder is not there. */
async function scanned(folder: string, given: string | undefined, signal: AbortSignal): Promise<CheckpointUnit[]> {
  try {
    return await scanFolder(folder, { signal });
  } catch (error) {
    if (given !== undefined || systemCode(error) !== 'ENOENT') throw error;
    throw cliError('ERR_CHECKPOINT_UNKNOWN', `the node has no checkpoints: ${harmless(folder)} is not there`, {
      cause: error,
      hint: 'name another folder, such as /var/lib/kubelet/checkpoints, or the node’s with --root',
    });
  }
}

function registerRemove(group: Command, io: Io): void {
  withNodePlace(group.command('rm'))
    .description('Remove checkpoints with their evidence and all that lies beside them; none where one cannot go')
    .argument('<archive...>', ARCHIVE_HELP)
    .addOption(outputOption('table', 'json'))
    .action(async (given: string[], { output, ...place }: NodePlace & Output) => {
      const folders = foldersOf(place);
      const found = await Promise.all([...new Set(given)].map((what) => findUnit(what, folders.checkpoints)));
      const units = await holdUsed([...new Map(found.map((unit) => [unit.path, unit])).values()], folders.operations);
      for (const unit of units) demandRemovable(unit);
      const removed: { path: string; size: number; result: Removal }[] = [];
      try {
        await removeUnits(
          units,
          (unit, result) => {
            removed.push({ path: unit.path, size: sizeOf(unit), result });
            if (output !== 'json') io.out(`${result.padEnd(9)} ${harmless(unit.path)}\n`);
          },
          io.signal,
        );
      } finally {
        if (output === 'json') io.out(renderJson('RemovedCheckpointList', 1, { removed }));
      }
    });
}

/** What holds no archive was found to be a checkpoint by other means already. */
function demandRemovable({ path, pinned, held }: CheckpointUnit): void {
  if (pinned) throw cliError('ERR_CHECKPOINT_PINNED', `${harmless(path)} is pinned`);
  if (held) throw cliError('ERR_CHECKPOINT_IN_USE', `${harmless(path)} is ${held.why}`);
}

function registerPins(group: Command, io: Io): void {
  const verbs = [
    ['pin', 'Keep checkpoints: no rule removes them. A file ARCHIVE.keep says so', pin, 'pinned'],
    ['unpin', 'Take the pin away', unpin, 'unpinned'],
  ] as const;
  for (const [verb, description, change, participle] of verbs) {
    withNodePlace(group.command(verb))
      .description(description)
      .argument('<archive...>', ARCHIVE_HELP)
      .action(async (given: string[], place: NodePlace) => {
        const folder = foldersOf(place).checkpoints;
        const units = await Promise.all([...new Set(given)].map((what) => findUnit(what, folder)));
        for (const unit of units) {
          const changed = await change(unit);
          io.out(`${changed ? participle : `${participle} already`}  ${harmless(unit.path)}\n`);
        }
      });
  }
}

function registerPrune(group: Command, io: Io, done: (code: number) => void): void {
  withConsent(withRules(withNodePlace(group.command('prune'))))
    .description(
      'Remove checkpoints by rules: by count, age and size of each container, pod or namespace. Pinned ones stay, and what is ' +
        'being written or read. Asks first',
    )
    .argument('[folder]', FOLDER_HELP)
    .addOption(outputOption('table', 'json'))
    .action(async (given: string | undefined, options: NodePlace & RuleOptions & ConsentOptions) => {
      const policy = demandPolicy(options);
      demandConsent(options, io);
      const { checkpoints: own, operations } = foldersOf(options);
      const place = { folder: given ?? own, operations };
      // What an earlier run left half done is gone for everybody who looks; this takes the rest of it.
      if (!options.dryRun) await completeRemovals(place.folder);
      const plan = await planFolder(place, policy, { signal: io.signal });
      const going = goingOf(plan);
      const removed: string[] = [];
      const left: { name: string; result: Removal }[] = [];
      const json = options.output === 'json';
      if (!json) io.out(planTable(plan));
      tellUnmet(io, plan.unmet);
      try {
        if (going.length > 0 && (await agreed(options, io, `remove ${countText(going)}?`))) {
          const tell = (unit: CheckpointUnit, result: Removal) => {
            if (result === 'removed') removed.push(unit.name);
            // Another prune was quicker: that one counts it.
            else if (result !== 'gone') left.push({ name: unit.name, result });
          };
          await carryOut(place, plan, tell, io.signal);
        }
      } finally {
        const dryRun = options.dryRun === true;
        if (json) io.out(renderJson('CheckpointPrune', 1, { ...place, dryRun, ...planBody(plan), removed, left }));
        else io.out(`\n${summary(going, removed, dryRun)}\n`);
        for (const { name, result } of left) io.err(`warning: ${harmless(name)} stays: ${result}\n`);
      }
      done(exitCodes.ok);
    });
}

function summary(going: readonly CheckpointUnit[], removed: readonly string[], dryRun: boolean): string {
  if (going.length === 0) return 'nothing goes';
  if (dryRun) return `would remove ${countText(going)}`;
  if (removed.length === 0) return 'nothing was removed';
  return `removed ${countText(going.filter(({ name }) => removed.includes(name)))}`;
}

const EVIDENCE: Readonly<Record<CheckpointUnit['evidence'], string>> = {
  unchecked: 'unchecked',
  'size-differs': 'SIZE DIFFERS',
  unreadable: 'evidence unreadable',
  none: 'no evidence',
};

function listTable(units: readonly CheckpointUnit[]): string {
  return renderTable(
    [
      { title: 'TIME', cell: ({ time }) => timeText(time) },
      { title: 'CONTAINER', cell: ({ owner }) => harmless(owner.text) },
      { title: 'SIZE', cell: (unit) => bytesText(sizeOf(unit)), align: 'right' },
      { title: 'PAUSE', cell: ({ pause }) => (pause === undefined ? '' : microsecondsText(pause)), align: 'right' },
      { title: 'PINNED', cell: ({ pinned }) => (pinned ? 'yes' : '') },
      { title: 'INTEGRITY', cell: ({ evidence, held }) => held?.why ?? EVIDENCE[evidence] },
      { title: 'NAME', cell: ({ name, kind }) => `${harmless(name)}${kind === 'pod' ? '/' : ''}` },
    ],
    units,
  );
}

function bodyOf(unit: CheckpointUnit): object {
  const { name, path, kind, owner, time, pause, pinned, evidence, archives, held } = unit;
  const { kubeNamespace = null, pod, container = null } = owner;
  return {
    ...{ name, path, kind, kubeNamespace, pod, container, time: timeValue(time), size: sizeOf(unit) },
    ...{ pauseMicroseconds: pause ?? null, pinned, evidence, archives, busy: held?.why ?? null },
  };
}
