/** `stillframe image append`: checkpoints of one container in a chain store, where what did not change is kept once. */
import {
  type AppendedImage,
  type AppendOptions,
  appendToChain,
  type Checkpoint,
  checkpointImageAt,
  factsOf,
  openCheckpoint,
} from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { type Descriptor, Layout, tagOf } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from '../commands/command.ts';
import { noteOpened } from '../custody/note.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { parseLocation } from '../open-location.ts';
import { cliError } from '../usage.ts';
import { attachEvidence, readEvidence } from './evidence.ts';

/** What `--after` says where the checkpoint is to rely on no other. */
const NONE = 'none';

interface Options {
  after?: string;
  force?: boolean;
  output: string;
}

/** Exit code 4 where the archive has faults. */
export function registerAppend(group: Command, io: Io, done: (code: number) => void): void {
  group
    .command('append')
    .description(
      'Add a checkpoint to a chain store: an image of its own that shares with earlier checkpoints of the container what ' +
        'did not change, so that it takes room, and `image push` sends, only what is new. Every command that reads or ' +
        'restores a checkpoint takes it; engines do not: `image extract` gives the archive back, byte for byte',
    )
    .argument('<archive>', 'checkpoint archive, not compressed')
    .argument('<target>', 'oci:LAYOUT:TAG')
    .option(
      '--after <tag>',
      `the checkpoint that it follows, by tag; ${NONE} begins a chain; by default the newest of its container`,
    )
    .option('--force', 'also an archive without memory, processes or inventory')
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, target: string, options: Options) => {
      const location = parseLocation(target);
      if (location.kind !== 'layout' || location.tag === undefined) {
        throw cliError('ERR_USAGE_ARGUMENT', 'a chain store is a layout, and each checkpoint in it has a tag', {
          hint: 'append to oci:LAYOUT:TAG, then `image push` it: what the registry has is not sent again',
        });
      }
      await using checkpoint = await openCheckpoint(archive, { signal: io.signal });
      await noteOpened(checkpoint.archive, io);
      const recorded = await readEvidence(archive);
      const layout = await Layout.create(location.path);
      const parent = await parentOf(layout, checkpoint, options.after, io.signal);
      const appended = await append(checkpoint, layout, io, {
        tag: location.tag,
        parent: parent?.descriptor,
        recordedDigest: recorded?.digest,
        facts: recorded && { recordedDigest: recorded.digest, recordedName: recorded.name },
        incomplete: options.force,
      });
      if (recorded) await attachEvidence(layout, appended.manifest, recorded, io.signal);
      const diagnostics = checkpoint.diagnostics();
      tellDiagnostics(io, diagnostics);
      const after = parent?.name ?? null;
      if (options.output === 'json')
        io.out(renderJson('ChainImage', 1, { reference: target, after, ...appended, diagnostics }));
      else io.out(`${target}\n${textOf(appended, after)}`);
      done(evidenceCode(diagnostics));
    });
}

/** The line of its progress goes before the result comes. */
async function append(checkpoint: Checkpoint, layout: Layout, io: Io, options: AppendOptions): Promise<AppendedImage> {
  using progress = showProgress(io, 'append');
  return await appendToChain(checkpoint, layout, { ...options, signal: io.signal, onProgress: progress.update });
}

function textOf({ manifest, archive, added, packs }: AppendedImage, after: string | null): string {
  const share = archive.size === 0 ? 0 : (added / archive.size) * 100;
  const rows = [
    ['manifest', manifest.digest],
    ['archive', `${archive.digest}  ${bytesText(archive.size)}`],
    ['added', `${bytesText(added)} (${share.toFixed(1)} % of the archive)`],
    ['after', after ?? 'nothing: it begins a chain'],
    ['packs', String(packs)],
  ];
  return renderFacts(rows);
}

/** The chain image that is followed, and what it is called. Throws ERR_USAGE_ARGUMENT where the one named is none. */
async function parentOf(
  layout: Layout,
  checkpoint: Checkpoint,
  after: string | undefined,
  signal: AbortSignal,
): Promise<{ descriptor: Descriptor; name: string } | undefined> {
  if (after === NONE) return undefined;
  if (after !== undefined) {
    const descriptor = await layout.resolve(after, { signal });
    const image = await checkpointImageAt(layout, descriptor, { signal });
    if (image?.chain) return { descriptor, name: after };
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(after)} is no image of a chain store`);
  }
  const own = factsOf(checkpoint, undefined);
  for (const descriptor of [...(await layout.entries())].reverse()) {
    // Whatever cannot be read is followed by nothing.
    const image = await checkpointImageAt(layout, descriptor, { signal }).catch(() => undefined);
    const same = (['containerName', 'podName', 'podNamespace'] as const).every(
      (fact) => image?.facts[fact] === own[fact],
    );
    if (image?.chain && same) return { descriptor, name: tagOf(descriptor) ?? descriptor.digest };
  }
  return undefined;
}
