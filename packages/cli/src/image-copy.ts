/** `stillframe image push`, `pull` and `copy`: an image from one place to another, and only what is not there yet. */
import { checkpointImagesAt } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { copyImage } from '@stillframe/oci';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { renderJson } from './display/json.ts';
import { showProgress } from './display/progress.ts';
import { IMAGE_HELP } from './image-help.ts';
import type { Io } from './io.ts';
import { openLocation, parseLocation } from './open-location.ts';

export function registerCopy(group: Command, io: Io, name: 'push' | 'pull' | 'copy', description: string): void {
  group
    .command(name)
    .description(description)
    .argument('<from>', IMAGE_HELP)
    .argument('<to>', IMAGE_HELP)
    .addOption(outputOption('table', 'json'))
    .action(async (from: string, to: string, { output }: { output: string }) => {
      parseLocation(to);
      await using source = await openLocation(from, io);
      const descriptor = await source.store.resolve(source.tag, { signal: io.signal });
      await using target = await openLocation(to, io, { create: true });
      const found = await checkpointImagesAt(source.store, descriptor, { signal: io.signal });
      const total = found.flatMap(({ layers }) => layers).reduce((sum, layer) => sum + layer.size, 0);
      using progress = showProgress(io, name);
      const done = new Map<string, number>();
      const bytes = { copied: 0, mounted: 0, present: 0 };
      await copyImage(source.store, target.store, descriptor, {
        tag: target.tag,
        referrers: true,
        signal: io.signal,
        onProgress: ({ descriptor: part, state, bytes: soFar }) => {
          if (state !== 'advanced') bytes[state] += part.size;
          done.set(part.digest, soFar);
          progress.update(
            [...done.values()].reduce((sum, n) => sum + n, 0),
            total,
          );
        },
      });
      if (output === 'json') io.out(renderJson('CopiedImage', 1, { from, to, digest: descriptor.digest, bytes }));
      else io.out(`${to}\nmanifest  ${descriptor.digest}\n${textOf(bytes)}`);
    });
}

function textOf({ copied, mounted, present }: { copied: number; mounted: number; present: number }): string {
  const there = [
    ...(present > 0 ? [`${bytesText(present)} there already`] : []),
    ...(mounted > 0 ? [`${bytesText(mounted)} taken over from a repository beside it`] : []),
  ];
  return `${'copied'.padEnd(10)}${[bytesText(copied), ...there].join('; ')}\n`;
}
