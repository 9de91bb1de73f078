/** `stillframe image build`: an archive becomes a checkpoint image, once it is seen to be what was captured. */
import { convertArchive, demandComplete, openCheckpoint, verifyArchive } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import type { RecordedCapture } from '@stillframe/evidence';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { tellDiagnostics } from './diagnostics.ts';
import { renderJson } from './display/json.ts';
import { evidenceCode } from './exit.ts';
import { readEvidence } from './image-evidence.ts';
import type { Io } from './io.ts';
import { openLocation, parseLocation } from './open-location.ts';

interface BuildOptions {
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
    .argument('<target>', 'oci:LAYOUT[:TAG], or a reference with its registry')
    .option('--no-verify', 'do not hold the archive against the evidence beside it')
    .option('--force', 'also of an archive without memory, processes or inventory')
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, target: string, options: BuildOptions) => {
      const { kind } = parseLocation(target);
      await using checkpoint = await openCheckpoint(archive, { signal: io.signal });
      const { recorded, recordedDigest } = await recordOf(archive, options);
      // Before a layout is made: what is refused leaves nothing behind.
      if (!options.force) demandComplete(checkpoint);
      const { bytes } = checkpoint.archive;
      const hashed = bytes && kind === 'layout';
      const knownDigest = hashed
        ? await verifyArchive({ ...checkpoint.archive, bytes }, recordedDigest, { signal: io.signal })
        : undefined;
      await using place = await openLocation(target, io, { create: true });
      const built = await convertArchive(checkpoint, place.store, {
        tag: place.tag,
        signal: io.signal,
        knownDigest,
        recordedDigest,
        facts: recorded && { recordedDigest: recorded.digest, recordedName: recorded.name },
        incomplete: options.force,
      });
      const diagnostics = checkpoint.diagnostics();
      tellDiagnostics(io, diagnostics);
      const { manifest, layer, way, facts } = { ...built, manifest: built.target };
      const evidence = recorded && { digest: recorded.digest, verified: options.verify };
      const body = { reference: target, manifest, layer, way, facts, evidence, diagnostics };
      if (options.output === 'json') io.out(renderJson('CheckpointImage', 1, body));
      else {
        const rows = [
          ['manifest', manifest.digest],
          ['layer', `${layer.digest}  ${bytesText(layer.size)}, ${way}`],
          ['evidence', evidenceText(recorded, options.verify)],
        ];
        io.out(`${target}\n${rows.map(([name = '', value]) => `${name.padEnd(10)}${value}\n`).join('')}`);
      }
      done(evidenceCode(diagnostics));
    });
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
