/** `stillframe image build`: an archive becomes a checkpoint image, once it is seen to be what was captured. */
import {
  type ConvertedImage,
  convertArchive,
  demandComplete,
  openCheckpoint,
  verifyArchive,
} from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import type { RecordedCapture } from '@stillframe/evidence';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { collect } from './commands/run.ts';
import { tellDiagnostics } from './diagnostics.ts';
import { renderJson } from './display/json.ts';
import { evidenceCode } from './exit.ts';
import { attachEvidence, readEvidence } from './image-evidence.ts';
import { IMAGE_HELP } from './image-help.ts';
import type { Io } from './io.ts';
import { openLocation, parseLocation } from './open-location.ts';
import { cliError } from './usage.ts';

interface BuildOptions {
  tag: string[];
  index?: boolean;
  verify: boolean;
  force?: boolean;
  output: string;
}

/** Exit code 4 where the image was made of an archive with faults. */
export function registerBuild(group: Command, io: Io, done: (code: number) => void): void {
  group
    .command('build')
    .description(
      'Make a checkpoint image of an archive; in a layout its layer is the archive itself, not a copy. Evidence beside ' +
        'the archive is held against it first, and its digest goes into the image',
    )
    .argument('<archive>', 'checkpoint archive')
    .argument('[target]', IMAGE_HELP)
    .option('-t, --tag <target>', `${IMAGE_HELP}; may be repeated`, collect, [])
    .option('--index', 'put an index over the manifest, with the same annotations, and tag that')
    .option('--no-verify', 'do not hold the archive against the evidence beside it')
    .option('--force', 'also of an archive without memory, processes or inventory')
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, given: string | undefined, options: BuildOptions) => {
      const targets = [...(given === undefined ? [] : [given]), ...options.tag];
      if (targets.length === 0) {
        throw cliError('ERR_USAGE_ARGUMENT', 'no target given', { hint: `\`-t\` takes ${IMAGE_HELP}` });
      }
      // Before anything is stored: a mistyped target leaves nothing behind.
      const kinds = targets.map((target) => parseLocation(target).kind);
      await using checkpoint = await openCheckpoint(archive, { signal: io.signal });
      const { recorded, recordedDigest } = await recordOf(archive, options);
      if (!options.force) demandComplete(checkpoint);
      const { bytes } = checkpoint.archive;
      const hashed = bytes && (kinds.includes('layout') || targets.length > 1);
      const knownDigest = hashed
        ? await verifyArchive({ ...checkpoint.archive, bytes }, recordedDigest, { signal: io.signal })
        : undefined;
      const diagnostics = checkpoint.diagnostics();
      tellDiagnostics(io, diagnostics);
      const bodies = [];
      for (const target of targets) {
        await using place = await openLocation(target, io, { create: true });
        const built = await convertArchive(checkpoint, place.store, {
          tag: place.tag,
          signal: io.signal,
          knownDigest,
          recordedDigest,
          facts: recorded && { recordedDigest: recorded.digest, recordedName: recorded.name },
          incomplete: options.force,
          index: options.index,
        });
        const { layer, way, facts, target: manifest } = built;
        if (recorded) await attachEvidence(place.store, manifest, recorded, io.signal);
        const evidence = recorded && { digest: recorded.digest, verified: options.verify };
        bodies.push({ reference: target, manifest, layer, way, facts, evidence, diagnostics });
        if (options.output !== 'json') io.out(textOf(target, built, evidenceText(recorded, options.verify)));
      }
      if (options.output === 'json') {
        const [only] = bodies.length === 1 ? bodies : [];
        io.out(
          only ? renderJson('CheckpointImage', 1, only) : renderJson('CheckpointImageList', 1, { images: bodies }),
        );
      }
      done(evidenceCode(diagnostics));
    });
}

function textOf(target: string, { layer, way, target: manifest }: ConvertedImage, evidence: string): string {
  const rows = [
    ['manifest', manifest.digest],
    ['layer', `${layer.digest}  ${bytesText(layer.size)}, ${way}`],
    ['evidence', evidence],
  ];
  return `${target}\n${rows.map(([name = '', value]) => `${name.padEnd(10)}${value}\n`).join('')}`;
}

/** The evidence, and the digest that the archive must have. */
async function recordOf(archive: string, { verify }: BuildOptions) {
  if (verify) {
    const recorded = await readEvidence(archive);
    return { recorded, recordedDigest: recorded?.digest };
  }
  return { recorded: await readEvidence(archive).catch(() => undefined), recordedDigest: undefined };
}

function evidenceText(recorded: RecordedCapture | undefined, verified: boolean): string {
  if (!recorded) return verified ? 'none beside the archive' : 'none that was read';
  return verified ? 'the layer is what was recorded at the capture' : 'not held against the archive (--no-verify)';
}
