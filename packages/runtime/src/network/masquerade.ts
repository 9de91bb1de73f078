/**
 * Rules by which packets of a pod leave with the host's address. The bridge plugin takes them down by the addresses that it
 * finds on the pod's interface at DEL: where the pod has dropped them, or its namespace is gone, the rules stay for ever
 * (containernetworking-plugins 1.1.1), and later pods of another tenant may get those addresses.
 */
import { run } from '../process/run.ts';
import type { Attachment } from './attachment.ts';
import type { PluginPlace } from './plugin.ts';

/** By address family: what lists the rules and what changes them in one go. */
const FAMILIES = [
  ['iptables', 'iptables-restore'],
  ['ip6tables', 'ip6tables-restore'],
] as const;
/** Seconds that other users of the tables may hold them. */
const WAIT = '5';
/** Bytes of a host's rules. */
const OUTPUT = 64 << 20;

/** Tries: somebody else may change the rules between a look and the removal. */
const TRIES = 3;

/**
 * Takes down what DEL has left; returns why that did not work, where it did not. Does nothing for networks without such
 * rules, and where the host has no iptables.
 */
export async function removeMasquerade(
  { network, containerID }: Attachment,
  { path }: PluginPlace,
): Promise<string | undefined> {
  if (!network.plugins.some((plugin) => plugin['ipMasq'] === true)) return undefined;
  const options = { env: { PATH: path }, timeout: 30_000, maxOutput: OUTPUT };
  let reason: string | undefined;
  for (const [list, restore] of FAMILIES) {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const found = await run([list, '--wait', WAIT, '-t', 'nat', '-S'], options).catch(() => undefined);
      const changes = found?.code === 0 ? removalOf(found.stdout, containerID) : undefined;
      if (changes === undefined) break;
      const { code, stderr } = await run([restore, '--noflush', '--wait', WAIT], { ...options, input: changes });
      if (code !== 0 && attempt === TRIES - 1) reason = `${restore}: ${stderr.trim()}`;
    }
  }
  return reason;
}

/**
 * What iptables-restore is to read so that no rule of the container, and no chain of its own, is left among `rules`
 * (`iptables -S`); undefined where there are none. Plugins mark rules by `id: "<container>"` in a comment.
 */
export function removalOf(rules: string, containerID: string): string | undefined {
  const marked = rules
    .split('\n')
    .filter((line) => line.startsWith('-A ') && line.includes(`id: \\"${containerID}\\"`));
  if (marked.length === 0) return undefined;
  // Chains with a digest for a name are of one container each; all others are shared.
  const ownChain = /^CNI-[0-9a-f]{24}$/;
  const targets = marked.map((line) => / -j (\S+)$/.exec(line)?.[1] ?? '');
  const chains = [...new Set([...targets, ...marked.map(chainOf)])].filter((name) => ownChain.test(name));
  const shared = marked.filter((line) => !ownChain.test(chainOf(line)));
  return [
    '*nat',
    ...shared.map((line) => line.replace(/^-A /, '-D ')),
    ...chains.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
    'COMMIT',
    '',
  ].join('\n');
}

function chainOf(rule: string): string {
  return rule.split(' ')[1] ?? '';
}
