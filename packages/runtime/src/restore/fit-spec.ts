/** Fitting a written bundle to the dump that will be restored in it, and what the pod must have for that. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import type { NamespacePaths } from '../sandbox/namespaces.ts';
import { holderOf, startHolder } from '../sandbox/pid-holder.ts';
import type { SandboxRecord } from '../store/records.ts';
import { type AdaptableSpec, adaptSpec } from './adapt-spec.ts';
import type { DumpFacts } from './dump-facts.ts';
import { giveNetwork } from './network-image.ts';
import { writeRestoreOptions } from './restore-options.ts';

/** Rewrites config.json of a container that was just created, and notes what CRIU must be told besides. */
export async function fitSpec(
  context: NodeContext,
  sandbox: SandboxRecord,
  id: string,
  facts: DumpFacts,
): Promise<void> {
  const folders = containerFolders(context, id);
  const namespaces = { ...sandbox.namespaces, ...(await pidNamespace(context, sandbox, facts)) };
  const spec = JSON.parse(await readFile(folders.spec, 'utf8')) as AdaptableSpec;
  const text = JSON.stringify(adaptSpec(spec, facts, namespaces), null, 2);
  await writeFile(folders.spec, text, { mode: 0o600 });
  if (namespaces.net !== undefined) await giveNetwork(folders.images, facts);
  await writeRestoreOptions(folders);
}

/**
 * A dump without its PID namespace keeps the pids that it had in that of its pod. Where this pod shares none, one is made
 * for all such containers of it; it goes with the sandbox's other namespaces.
 */
async function pidNamespace(context: NodeContext, sandbox: SandboxRecord, facts: DumpFacts): Promise<NamespacePaths> {
  if (facts.namespaces.pid !== 'external' || sandbox.namespaces.pid !== undefined) return {};
  return context.locks.run(`pid ${sandbox.id}`, async () => {
    const folder = join(context.folders.namespaces, sandbox.id);
    const file = join(folder, 'pid');
    if ((await holderOf(file)) !== undefined) return { pid: file };
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, '', { mode: 0o600 });
    await startHolder(file);
    return { pid: file };
  });
}
