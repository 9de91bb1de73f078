/** `stillframe convert`: an archive laid out for another engine; the source stays as it is. */
import { open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { convertFor, openCheckpoint, type TargetEngine, writeArchive } from '@stillframe/checkpoint';
import { bytesText, digestSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder, publish } from '@stillframe/core/file';
import { Option } from 'commander';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderJson } from '../display/json.ts';
import { evidenceCode } from '../exit.ts';
import { outputOption, type RegisterCommand } from './command.ts';

/** Engines that need another layout than the one that is captured. */
const ENGINES = ['containerd'] as const satisfies readonly TargetEngine[];

interface ConvertOptions {
  for: (typeof ENGINES)[number];
  output: string;
}

/** Exit code 4 where the new archive was made of one with faults. */
export const convert: RegisterCommand = (program, io, done) => {
  program
    .command('convert')
    .description(
      'Lay a checkpoint archive out for another engine, as a new archive. containerd 2.1 to 2.3 restores the result; ' +
        'CRI-O restores archives of Stillframe as they are. Only a checkpoint whose root folder has the mode that ' +
        'containerd gives to its own (0755) can be converted: one of a container that was created with the annotation ' +
        'io.stillframe.checkpoint/for: containerd, or that came from containerd',
    )
    .argument('<archive>', 'checkpoint archive of Stillframe or CRI-O')
    .argument('[target]', 'file to write; must not exist; beside the archive by default, with the engine in its name')
    .addOption(new Option('--for <engine>', 'who shall restore it').choices(ENGINES).makeOptionMandatory())
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
      io.out(rows.map(([name = '', value]) => `${name.padEnd(12)}${value}\n`).join(''));
    });
};

/** The file appears whole and synced, or not at all. Throws ERR_CHECKPOINT_CONVERSION, ERR_FILE_EXISTS. */
async function write(archive: string, target: string, engine: TargetEngine, signal: AbortSignal) {
  await using checkpoint = await openCheckpoint(archive, { signal });
  const entries = await convertFor(checkpoint, engine, { signal });
  await using work = await openTemporaryFolder(dirname(target), 'convert');
  const path = join(work.path, 'archive.tar');
  const mtime = Math.floor((Date.parse(checkpoint.metadata.checkpointed ?? '') || 0) / 1000);
  await writeArchive(path, entries, { mtime, signal });
  await using written = await openFileSource(path);
  const digest = await digestSource(written, { signal });
  await using handle = await open(path, 'r+');
  await handle.sync();
  await publish(path, target, { replace: false });
  return { digest, diagnostics: checkpoint.diagnostics() };
}
