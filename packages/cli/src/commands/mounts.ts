/** `stillframe mounts`: what the container had mounted where, and what of it lies on the host. */
import { type Mount, readMounts } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import { mountNodes, originOf } from '../inspect/mount-nodes.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

/** Exit code 4 where some of the evidence could not be read. */
export const mounts: RegisterCommand = (program, io, done) => {
  const description = 'Show the mounts: type, flags, propagation, and where on the host what is mounted lay';
  readingCommand(program, 'mounts', description, 'nothing is unpacked')
    .addOption(outputOption('table', 'tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: ReadingOptions) => {
      const code = await reading(what, options, io, async ({ checkpoint }) => {
        const { images, spec } = checkpoint;
        const found = await readMounts(images, { spec, signal: io.signal });
        const diagnostics = checkpoint.diagnostics();
        if (options.output === 'jsonl') for (const mount of found) await io.write(renderJsonLine('Mount', 1, mount));
        else if (options.output === 'json') await io.write(renderJson('MountList', 1, { mounts: found, diagnostics }));
        else if (options.output === 'tree')
          await io.write(renderTree({ label: `Mounts (${found.length})`, children: mountNodes(found) }));
        else await io.write(renderTable(columnsOf(found), found.toReversed()));
      });
      done(code);
    });
};

const HELP = `
KIND is what a mount is to the container:
  root        the container's root filesystem
  filesystem  mounted whole; the files of a tmpfs are in the checkpoint (ARCHIVED)
  bind        a part of another filesystem
  external    the runtime provides it, such as a path of the host (FROM); its files are not in the checkpoint
  masked      the runtime hides what is there; read-only: it protects it
The table is in the order in which they were mounted.`;

function columnsOf(mounts: readonly Mount[]) {
  const several = new Set(mounts.map(({ namespaceId }) => namespaceId)).size > 1;
  return [
    ...(several ? [{ title: 'NAMESPACE', cell: ({ namespaceId }: Mount) => String(namespaceId) }] : []),
    { title: 'MOUNTPOINT', cell: (row: Mount) => `${harmless(row.mountpoint)}${row.deleted ? ' (deleted)' : ''}` },
    { title: 'TYPE', cell: ({ type }: Mount) => harmless(type) },
    { title: 'KIND', cell: ({ role }: Mount) => role },
    { title: 'FLAGS', cell: ({ flagNames }: Mount) => flagNames.join(',') },
    { title: 'PROPAGATION', cell: propagationText },
    {
      title: 'ARCHIVED',
      cell: ({ content }: Mount) => (content ? bytesText(content.bytes) : '-'),
      align: 'right' as const,
    },
    { title: 'FROM', cell: originOf },
  ];
}

/** `shared:12`, `slave:3`. */
function propagationText({ propagation: { mode, sharedId, masterId } }: Mount): string {
  const groups = [sharedId, masterId].filter((id) => id !== undefined);
  return groups.length === 0 ? mode : `${mode}:${groups.join(',')}`;
}
