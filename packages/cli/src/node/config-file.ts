/** Where the node's configuration is looked for. */
import { readFile } from 'node:fs/promises';
import { systemCode, systemFact } from '@stillframe/core';
import { cliError } from '../usage.ts';
import type { NodeConfig } from './config.ts';

/** Read where no other file is named, and where it is there. */
export const DEFAULT_CONFIG = '/etc/stillframe/node.yaml';

/** The file `path`, or the default one where it is there. Throws ERR_NODE_CONFIG. */
export async function readConfig(path: string | undefined): Promise<NodeConfig> {
  const file = path ?? DEFAULT_CONFIG;
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (cause) {
    if (path === undefined && systemCode(cause) === 'ENOENT') return {};
    throw cliError('ERR_NODE_CONFIG', `${file} ${systemFact(cause)}`, {
      cause,
      hint: 'docs/operate.md says where a configuration is looked for',
    });
  }
  // YAML and the schema are loaded only where there is something to read.
  const { parseConfig } = await import('./config.ts');
  return parseConfig(source, file);
}
