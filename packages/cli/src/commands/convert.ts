/** `stillframe convert`: an archive laid out for another engine, or smaller; the source stays as it is. */
import { resolve } from 'node:path';
import { checkpointError, convertFor, isLaidOutFor, openCheckpoint } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { writeAtomically } from '@stillframe/core/file';
import {
  type ArchiveWishes,
  droppedFacts,
  droppedText,
  forOption,
  planArchive,
  type WrittenPlan,
  withSmaller,
  writePlan,
} from '../archive-for.ts';
import { noteOpened } from '../custody/note.ts';
import { tellDiagnostics } from '../diagnostics.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';

interface ConvertOptions extends ArchiveWishes {
  output: string;
}

/** Exit code 4 where the new archive was made of one with faults. */
export const convert: RegisterCommand = (program, io, done) => {
  withSmaller(program.command('convert'))
    .description(
      'Make a new archive of a checkpoint archive: laid out for another engine (docs/images.md says which needs what), ' +
        'without pages of zeroes, compressed; any of these together. CRI-O restores archives of Stillframe as they are, ' +
        'containerd 2.1 to 2.3 and podman want their own documents in it',
    )
    .argument('<archive>', 'checkpoint archive; --for takes those of Stillframe, CRI-O and containerd')
    .argument('[target]', 'file to write; must not exist; beside the archive by default, named after what was done')
    .addOption(forOption('who shall restore it'))
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, given: string | undefined, options: ConvertOptions) => {
      demandWishes(options);
      const target = resolve(given ?? nameOf(archive, options));
      const { written, dropped, same, diagnostics } = await write(archive, target, options, io);
      tellDiagnostics(io, diagnostics);
      done(evidenceCode(diagnostics));
      const { size, digest, contentDigest } = written;
      const zstd = options.zstd !== undefined;
      const body = {
        ...{ archive: target, source: resolve(archive), engine: options.for, size, digest, diagnostics },
        ...(zstd ? { contentDigest } : {}),
        ...(dropped ? { dropped: droppedFacts(dropped) } : {}),
      };
      if (options.output === 'json') {
        io.out(renderJson('ConvertedArchive', 1, body));
        return;
      }
      const rows = [
        ['archive', target],
        ...(options.for ? [['for', options.for]] : []),
        ...(dropped ? [['zero pages', droppedText(dropped)]] : []),
        ['size', bytesText(size)],
        ['sha256', digest.replace('sha256:', '')],
        ...(zstd ? [['content', `${contentDigest.replace('sha256:', '')}, without the compression`]] : []),
        // Evidence is about the very bytes that were captured.
        ['evidence', same ? 'what is beside the source is about the content' : STAYS],
      ];
      io.out(renderFacts(rows, 12));
    });
};

const STAYS = 'none: it stays with the archive that was captured';

/** Throws ERR_USAGE_ARGUMENT, and ERR_CHECKPOINT_CONVERSION for what the engine does not take as a file. */
function demandWishes(options: ConvertOptions): void {
  if (!options.for && options.zstd === undefined && !options.dropZeroPages) {
    throw cliError('ERR_USAGE_ARGUMENT', 'nothing says what is to become of the archive', {
      hint: 'give --for, --zstd or --drop-zero-pages, or several',
    });
  }
  if (options.for === 'containerd' && options.zstd !== undefined) {
    throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'containerd restores no compressed archive file', {
      hint: 'leave --zstd out, or make an image: `stillframe image build --for containerd --zstd`',
    });
  }
}

function nameOf(archive: string, options: ConvertOptions): string {
  const base = archive.replace(/\/+$/, '').replace(/\.tar(\.(gz|zst))?$/, '');
  const parts = [options.for, options.dropZeroPages ? 'no-zeroes' : undefined].filter((part) => part !== undefined);
  return `${[base, ...parts].join('.')}.tar${options.zstd === undefined ? '' : '.zst'}`;
}

/** The file appears whole and synced, or not at all. Throws ERR_CHECKPOINT_CONVERSION, ERR_FILE_EXISTS. */
async function write(archive: string, target: string, options: ConvertOptions, io: Io) {
  const { signal } = io;
  await using checkpoint = await openCheckpoint(archive, { signal });
  await noteOpened(checkpoint.archive, io);
  // Where nothing else is wanted it is refused, with the reason.
  if (options.for && isLaidOutFor(checkpoint, options.for) && options.zstd === undefined && !options.dropZeroPages) {
    await convertFor(checkpoint, options.for, { signal });
  }
  const { plan, dropped } = await planArchive(checkpoint, options, signal);
  if (!plan) {
    throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'no page can be left out', {
      hint: dropped?.left[0] ? `${dropped.left[0].image}: ${dropped.left[0].why}` : 'use the archive as it is',
    });
  }
  let written: WrittenPlan | undefined;
  await writeAtomically(
    target,
    async (file) => {
      written = await writePlan(plan, (bytes) => file.writeFile(bytes), io);
    },
    { replace: false },
  );
  return { written: written as WrittenPlan, dropped, same: !plan.altered, diagnostics: checkpoint.diagnostics() };
}
