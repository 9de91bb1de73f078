/** Where names and packets lead to: hosts, resolvers, the container’s own firewall; and clients of registries. */
import type { Severity } from '../finding.ts';
import { isAddress, isInternal, isLoopback } from '../signs/addresses.ts';
import { newLines } from '../signs/commands.ts';
import { referencesOf, textsOf, verbOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** Who would warn or mend: updates, scanners. */
const PROTECTION =
  /(?:^|\.)(?:debian\.org|ubuntu\.com|alpinelinux\.org|redhat\.com|centos\.org|pypi\.org|npmjs\.(?:org|com)|github\.com|virustotal\.com|clamav\.net|sophos\w*\.com|kaspersky\.com|crowdstrike\.com|falcosecurity\.com|sysdig\.com|datadoghq\.(?:com|eu)|elastic\.co|symantec\.com|mcafee\.com|trendmicro\.com|letsencrypt\.org|aquasec\.com|snyk\.io)$/i;
/** Names of a network of one’s own. */
const OWN =
  /(?:^|\.)(?:local|localhost|localdomain|internal|intranet|lan|corp|home|svc|cluster\.local|consul|test|example|invalid|docker|arpa)$/i;
const NAMES = 2000;

/** Names of the Internet with the address that lines of hosts(5) give them. */
function publicNames(lines: readonly string[]): { address: string; name: string }[] {
  return lines.slice(0, NAMES).flatMap((line) => {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (!isAddress(address)) return [];
    const found = names.filter((name) => name.includes('.') && !OWN.test(name) && !isAddress(name));
    return found.map((name) => ({ address, name }));
  });
}

export const hostsChanged: Rule = {
  id: 'hosts-changed',
  title: 'names of the Internet lead elsewhere',
  severity: 'low',
  techniques: ['T1565.001', 'T1557'],
  why: 'A line of /etc/hosts stands before every name server: it leads to another machine, or keeps updates and warnings away.',
  benign: 'Names of hosts that the pod or its start gives (hostAliases, extra_hosts); blocking of advertisements.',
  *judge(tables) {
    for (const row of textsOf(tables, 'names')) {
      if (row.path !== '/etc/hosts') continue;
      const odd = publicNames(newLines(row.text, row.before));
      const [first] = odd;
      if (first === undefined) continue;
      const bad = odd.find(({ name }) => PROTECTION.test(name));
      const { address, name } = bad ?? first;
      const nowhere = isLoopback(address) || /^0\./.test(address) || address === '::';
      yield {
        summary: `/etc/hosts was ${verbOf(row)}: ${name} leads ${nowhere ? 'nowhere' : `to ${address}`}${odd.length > 1 ? `, and ${odd.length - 1} more` : ''}`,
        references: referencesOf(row),
        severity: bad ? 'medium' : isInternal(address) && !nowhere ? 'info' : undefined,
        details: { names: odd.slice(0, 50) },
      };
    }
  },
};

export const resolverChanged: Rule = {
  id: 'resolver-changed',
  title: 'another name server is asked',
  severity: 'low',
  techniques: ['T1557'],
  why: 'Who answers for names decides where connections lead.',
  benign: 'VPN clients and DHCP write it; a runtime mounts its own over it, and then it is not among the changes.',
  *judge(tables) {
    for (const row of textsOf(tables, 'names')) {
      if (row.path !== '/etc/resolv.conf') continue;
      const servers = newLines(row.text, row.before).flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
      const [first] = servers;
      if (first === undefined) continue;
      yield {
        summary: `/etc/resolv.conf was ${verbOf(row)}: ${servers.slice(0, 3).join(', ')} ${servers.length === 1 ? 'is' : 'are'} asked for names`,
        references: referencesOf(row),
        severity: servers.every(isInternal) ? 'info' : undefined,
        details: { servers: servers.slice(0, 10) },
      };
    }
  },
};

/** Chains of service meshes and of container networks. */
const MESHES =
  /\b(?:ISTIO_|PROXY_INIT_|LINKERD|CILIUM|KUBE-|DOCKER|CNI-|cali-|NETAVARK|KUMA_MESH|CONSUL_|OSM_|MESHERY|AMBASSADOR)/;
const REDIRECT =
  /(?:^|\n)[^\n#]*(?:-j (?:REDIRECT|DNAT|TPROXY|SNAT)\b|\b(?:redirect to|dnat (?:ip6? )?to|tproxy to)\b)[^\n]*/g;

export const firewallRedirect: Rule = {
  id: 'firewall-redirect',
  title: 'packets of the container are led elsewhere',
  severity: 'medium',
  techniques: ['T1562.004', 'T1090'],
  why: 'A rule in the container’s own network turns connections to another port or machine, past whoever looks at its sockets.',
  benign: 'Service meshes lead all traffic through their proxy; VPN clients and nested runtimes.',
  *judge({ networks }) {
    for (const { id, firewall } of networks) {
      for (const { tool, rules } of firewall) {
        const redirects = [...rules.matchAll(REDIRECT)].map(([line]) => line.trim()).slice(0, 200);
        const [first] = redirects.filter((line) => !MESHES.test(line));
        const line = first ?? redirects[0];
        if (line === undefined) continue;
        const severity: Severity | undefined = MESHES.test(rules) ? 'info' : undefined;
        yield {
          summary: `${tool} leads packets elsewhere: ${line.slice(0, 200)}`,
          references: [{ kind: 'image', name: `${tool}-${id}.img` }],
          severity,
          details: { rules: redirects.slice(0, 20).map((each) => each.slice(0, 200)) },
        };
      }
    }
  },
};

export const clientConfigWritten: Rule = {
  id: 'client-config-written',
  title: 'a client of registries was set up',
  severity: 'info',
  techniques: ['T1552.001', 'T1525'],
  why: 'Credentials of a registry let whoever has them replace the images that others run.',
  benign: 'Builders log in to their registry.',
  *judge(tables) {
    for (const row of textsOf(tables, 'client-config')) {
      const logged = /"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]/.test(row.text);
      if (!logged || (row.before !== undefined && row.before === row.text)) continue;
      yield {
        summary: `${row.path} was ${verbOf(row)} with credentials of a registry`,
        references: referencesOf(row),
        severity: undefined,
      };
    }
  },
};
