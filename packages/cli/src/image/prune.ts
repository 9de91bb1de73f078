/** `stillframe image prune`: retention and garbage of a layout, or of a repository of a registry. */
import { stat } from 'node:fs/promises';
import { limitsAnything, type RetentionPolicy } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { formatReference, Layout, parseReference, type Removed } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { durationOf } from '../numbers.ts';
import { namesVersion, parseLocation } from '../open-location.ts';
import { connectRegistries, type RegistryFlags, withRegistry } from '../registries/flags.ts';
import type { ImageUnit } from '../retention/image-units.ts';
import {
  agreed,
  type ConsentOptions,
  demandConsent,
  policyOf,
  type RuleOptions,
  withConsent,
  withRules,
} from '../retention/options.ts';
import { type PrunedLayout, planLayout, pruneLayout } from '../retention/prune-layout.ts';
import { type ImageRemoval, planRegistry, pruneRegistry } from '../retention/prune-registry.ts';
import { countText, goingOf, planBody, planTable, tellUnmet } from '../retention/view.ts';
import { cliError } from '../usage.ts';

interface Options extends RuleOptions, ConsentOptions, RegistryFlags {
  protect?: string[];
  orphans?: boolean;
  unusedFor: string;
}

type Done = (code: number) => void;

const collect = (value: string, former: string[] = []) => [...former, value];

export function registerPrune(group: Command, io: Io, done: Done): void {
  const command = withConsent(withRules(group.command('prune')))
    .description(
      'Remove checkpoint images by rules, as `stillframe checkpoints prune` does archives, with what is said about them; ordinary ' +
        'images stay. Of a layout also blobs that no image needs, and what killed writers left, both for an hour by default; ' +
        'without rules nothing else. A registry must allow to remove by digest. Asks first. Exit code 4: something could not be read',
    )
    .argument('<place>', 'folder of an image layout, oci:LAYOUT, or REGISTRY/REPOSITORY')
    .option('--protect <tag>', 'a tag that always stays, `*` at its end for several; may be repeated', collect)
    .option('--unused-for <time>', 'how old blobs without an image must be: one may just be being stored', '1h')
    .option('--orphans', 'of a registry also signatures and the like of images that are not there')
    .addOption(outputOption('table', 'json'))
    .action(async (place: string, options: Options) => {
      const policy = policyOf(options);
      demandConsent(options, io);
      const layout = await layoutOf(place);
      if (layout !== undefined) return done(await pruneTheLayout(layout, policy, options, io));
      return done(await pruneTheRegistry(place, policy, options, io));
    });
  withRegistry(command);
}

/** Path of a layout; undefined where a registry is meant. Throws ERR_USAGE_ARGUMENT where one image of it is named. */
async function layoutOf(place: string): Promise<string | undefined> {
  if (!place.startsWith('oci:') && (await stat(place).catch(() => undefined))?.isDirectory()) return place;
  const location = parseLocation(place);
  if (namesVersion(place)) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(place)} names one image; the rules are for all of them`, {
      hint: 'leave the tag out; `image rm` removes one',
    });
  }
  return location.kind === 'layout' ? location.path : undefined;
}

async function pruneTheLayout(path: string, policy: RetentionPolicy, options: Options, io: Io): Promise<number> {
  const { signal } = io;
  const layout = await Layout.open(path);
  const plan = await planLayout(layout, limitsAnything(policy) ? policy : { rules: [] }, {
    protect: options.protect ?? [],
    signal,
  });
  const going = goingOf(plan);
  const grace = durationOf(options.unusedFor, '--unused-for');
  const found = await pruneLayout(layout, undefined, { dryRun: true, grace, signal });
  const dryRun = options.dryRun === true;
  const json = options.output === 'json';
  if (!json && limitsAnything(policy))
    io.out(plan.units.length === 0 ? 'no checkpoint image is there\n' : `${planTable(plan)}\n`);
  tellUnmet(io, plan.unmet);
  tellDiagnostics(io, plan.diagnostics);
  const nothing = going.length === 0 && found.blobs === 0 && found.temporaries === 0;
  const question = `remove ${countText(going)}, and of what no image needs ${garbageText(found)}?`;
  const pruned =
    !nothing && (await agreed(options, io, question))
      ? await pruneLayout(layout, plan, { dryRun: false, grace, signal })
      : undefined;
  const body = { layout: path, dryRun, ...planBody(plan), garbage: found, removed: pruned ?? null };
  if (json) io.out(renderJson('ImagePrune', 1, { ...body, diagnostics: plan.diagnostics }));
  else if (nothing) io.out('nothing goes\n');
  else if (dryRun) io.out(`would remove ${countText(going)}, and of what no image needs ${garbageText(found)}\n`);
  else if (!pruned) io.out('nothing was removed\n');
  else io.out(removedText(pruned, going));
  const unreadable = (pruned ?? found).unreadable ?? [];
  tellUnreadable(io, unreadable);
  return unreadable.length > 0 ? exitCodes.partial : exitCodes.ok;
}

function garbageText({ blobs, bytes, temporaries }: PrunedLayout): string {
  const files = temporaries > 0 ? `, ${temporaries} temporary files` : '';
  return `${blobs} blob${blobs === 1 ? '' : 's'}, ${bytesText(bytes)}${files}`;
}

function removedText(pruned: PrunedLayout, going: readonly ImageUnit[]): string {
  const gone = going.filter(({ digest }) => pruned.removed.includes(digest));
  const images = `${gone.length} image${gone.length === 1 ? '' : 's'}`;
  return `removed ${images}; given back: ${garbageText(pruned)}\n`;
}

function tellUnreadable(io: Io, unreadable: NonNullable<Removed['unreadable']>): void {
  for (const digest of unreadable)
    io.err(`warning: all content is left: what ${harmless(digest)} needs cannot be told, since it cannot be read\n`);
}

async function pruneTheRegistry(place: string, policy: RetentionPolicy, options: Options, io: Io): Promise<number> {
  if (!limitsAnything(policy) && !options.orphans) {
    throw cliError(
      'ERR_USAGE_ARGUMENT',
      'nothing says what may go: no --keep, --max-age, --max-size, --max-total-size',
      {
        hint: 'what no image needs is the registry’s to collect',
      },
    );
  }
  await using registries = await connectRegistries(io, options);
  const { signal } = io;
  const location = parseLocation(place);
  const reference = location.kind === 'registry' ? location.reference : parseReference(place);
  const store = registries.repository(formatReference(reference));
  const plan = await planRegistry(store, policy, { protect: options.protect ?? [], signal });
  const going = goingOf(plan);
  const json = options.output === 'json';
  const dryRun = options.dryRun === true;
  const removed: string[] = [];
  const left: { name: string; result: ImageRemoval }[] = [];
  if (!json && limitsAnything(policy))
    io.out(plan.units.length === 0 ? 'no checkpoint image is there\n' : `${planTable(plan)}\n`);
  tellUnmet(io, plan.unmet);
  tellDiagnostics(io, plan.diagnostics);
  if (plan.orphans.length > 0 && !options.orphans)
    io.err(`${plan.orphans.length} tags are about images that are not there; --orphans removes them, too\n`);
  const orphans = options.orphans ? plan.orphans : [];
  const what = `${countText(going)}${orphans.length > 0 ? `, and ${orphans.length} tags about images that are not there` : ''}`;
  const unread = plan.diagnostics.length > 0;
  if (unread && !dryRun) io.err('warning: nothing is removed: what cannot be read may need any of it\n');
  try {
    if (!unread && going.length + orphans.length > 0 && (await agreed(options, io, `remove ${what}?`))) {
      const tell = (unit: ImageUnit, result: ImageRemoval) => {
        if (result === 'removed') removed.push(unit.digest);
        else if (result === 'part') left.push({ name: unit.name, result });
      };
      await pruneRegistry(store, plan, { orphans: options.orphans === true, done: tell, signal });
    }
  } finally {
    const repository = `${reference.registry}/${reference.repository}`;
    const { orphans: found, diagnostics } = plan;
    const body = { repository, dryRun, ...planBody(plan), orphans: found, removed, left, diagnostics };
    if (json) io.out(renderJson('ImagePrune', 1, body));
    else if (going.length + orphans.length === 0) io.out('nothing goes\n');
    else if (dryRun) io.out(`would remove ${what}\n`);
    else io.out(`removed ${removed.length} of ${what}; their content is the registry’s to collect\n`);
    for (const { name } of left) io.err(`warning: ${harmless(name)} stays: it is a part of an image that stays\n`);
  }
  return unread ? exitCodes.partial : exitCodes.ok;
}
