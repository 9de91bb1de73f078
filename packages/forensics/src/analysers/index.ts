/** The table of analysers. Their rows are what rules judge. */
import type { AnalysisContext } from './analyser.ts';
import { changes } from './changes.ts';
import { code } from './code.ts';
import { container } from './container.ts';
import { files } from './files.ts';
import { mappings } from './mappings.ts';
import { memory } from './memory.ts';
import { mounts } from './mounts.ts';
import { namespaces } from './namespaces.ts';
import { networks } from './networks.ts';
import { packages } from './packages.ts';
import { processes } from './processes.ts';
import { sockets } from './sockets.ts';
import { texts } from './texts.ts';

/** By the name of their table, in the order in which they are read. */
const analysers = {
  ...{ container, processes, files, sockets, mappings, mounts, changes, memory },
  ...{ texts, packages, namespaces, networks, code },
};

/** The rows of each analyser, all of one checkpoint. */
export type Tables = {
  readonly [Name in keyof typeof analysers]: Awaited<ReturnType<(typeof analysers)[Name]['read']>>;
};

/** Reads every table. */
export async function readTables(context: AnalysisContext): Promise<Tables> {
  const rows: Record<string, unknown> = {};
  for (const [name, analyser] of Object.entries(analysers)) rows[name] = await analyser.read(context);
  return rows as Tables;
}
