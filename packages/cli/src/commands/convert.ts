/** `stillframe convert`: an archive laid out for another engine; the source stays as it is. */
import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConversionTarget, convertFor, openCheckpoint } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { openTemporaryFolder, publish } from '@stillframe/core/file';
import { forOption, writePlanned } from '../archive-for.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { evidenceCode } from '../exit.ts';
import { outputOption, type RegisterCommand } from './command.ts';

interface ConvertOptions {
  for: ConversionTarget;
  output: string;
}

/** Exit code 4 where the new archive was made of one with faults. */
export const convert: RegisterCommand = (program, io, done) => {
  program
    .command('convert')
    .description(
      'Lay a checkpoint archive out for another engine, as a new archive; docs/images.md says which needs what. CRI-O ' +
        'restores archives of Stillframe as they are, containerd 2.1 to 2.3 and podman want their own documents in it',
    )
    .argument('<archive>', 'checkpoint archive of Stillframe, CRI-O or containerd')
    .argument('[target]', 'file to write; must not exist; beside the archive by default, with the engine in its name')
    .addOption(forOption('who shall restore it').makeOptionMandatory())
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, given: string | undefined, options: ConvertOptions) => {
      const target = resolve(given ?? `${archive.replace(/\.tar$/, '')}.${options.for}.tar`);
      const { digest, diagnostics } = await write(archive, target, options.for, io.signal);
      tellDiagnostics(io, diagnostics);
      done(evidenceCode(diagnostics));
      const { size } = await stat(target);
      const body = { archive: target, source: resolve(archive), engine: options.for, size, digest, diagnostics };
      if (options.output === 'json') {
        io.out(renderJson('ConvertedArchive', 1, body));
        return;
      }
      // Evidence is about the very bytes that were captured.
      const rows = [
        ['archive', target],
        ['for', options.for],
        ['size', bytesText(size)],
        ['sha256', digest.replace('sha256:', '')],
        ['evidence', 'none: it stays with the archive that was captured'],
      ];
      io.out(renderFacts(rows, 12));
    });
};

/** The file appears whole and synced, or not at all. Throws ERR_CHECKPOINT_CONVERSION, ERR_FILE_EXISTS. */
async function write(archive: string, target: string, engine: ConversionTarget, signal: AbortSignal) {
  await using checkpoint = await openCheckpoint(archive, { signal });
  const entries = await convertFor(checkpoint, engine, { signal });
  await using work = await openTemporaryFolder(dirname(target), 'convert');
  const { path, digest } = await writePlanned(checkpoint, entries, work.path, { signal });
  await using handle = await open(path, 'r+');
  await handle.sync();
  await publish(path, target, { replace: false });
  return { digest, diagnostics: checkpoint.diagnostics() };
}
